import { ed25519 } from '@noble/curves/ed25519.js'
import { concat } from '../../src/bytes.ts'
import { curve } from '../../src/curve.ts'
import { type Curve, ed25519Group } from '../../src/group.ts'
import { mod, ORDER, parseScalar, scalarBytes } from '../../src/scalar.ts'
import { addOne, flip, NOT_A_POINT, nonCanonical, put } from '../cheats.ts'
import type { Kind } from './schema.ts'

/** Values of the same place elsewhere, where there are any. */
export type Elsewhere = {
  /** The same field of the same sender in another session. */
  foreign: Uint8Array
  /** The same field of another party in this session. */
  swapped?: Uint8Array | undefined
  /** A field of this length that this sender sent earlier in this session. */
  earlier?: Uint8Array | undefined
}

export type Mutation = { name: string; apply: (value: Uint8Array, elsewhere: Elsewhere) => Uint8Array | undefined }

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const constant = (name: string, bytes: Uint8Array): Mutation => ({
  name,
  // Another length means another kind of field: nothing to put there.
  apply: value => (bytes.length === value.length ? bytes : undefined),
})

const ANYWHERE: Mutation[] = [
  { name: 'of another session', apply: (_value, { foreign }) => foreign },
  { name: 'of another sender', apply: (_value, { swapped }) => swapped },
  { name: 'of an earlier round', apply: (_value, { earlier }) => earlier },
]

const BYTES: Mutation[] = [
  { name: 'first bit flipped', apply: value => flip(value, 0) },
  { name: 'last bit flipped', apply: value => put(value, value.length - 1, Uint8Array.of((value.at(-1) ?? 0) ^ 128)) },
  { name: 'zeros', apply: value => new Uint8Array(value.length) },
  { name: 'ones', apply: value => new Uint8Array(value.length).fill(255) },
]

const littleEndian = (value: bigint): Uint8Array => scalarBytes(value).toReversed()

const SCALARS: Record<Curve, Mutation[]> = {
  secp256k1: [
    constant('zero', new Uint8Array(32)),
    constant('one', scalarBytes(1n)),
    constant('q, a second zero', scalarBytes(ORDER)),
    constant('q + 1, a second one', nonCanonical()),
    constant('all ones', new Uint8Array(32).fill(255)),
    { name: 'one more', apply: value => addOne(value, 0) },
    { name: 'negated', apply: value => scalarBytes(mod(-(parseScalar(value) ?? 0n))) },
  ],
  ed25519: [
    constant('zero', new Uint8Array(32)),
    constant('one', littleEndian(1n)),
    constant('the order, a second zero', littleEndian(ed25519Group.order)),
    constant('the order + 1, a second one', littleEndian(ed25519Group.order + 1n)),
    constant('all ones', new Uint8Array(32).fill(255)),
    // 2^253 > the order: the same residue in another encoding.
    {
      name: 'a second encoding of itself',
      apply: value => littleEndian(ed25519Group.valueOf(value) + ed25519Group.order),
    },
    { name: 'one more', apply: value => ed25519Group.add(value, ed25519Group.scalarOf(1)) },
    { name: 'negated', apply: value => ed25519Group.subtract(ed25519Group.scalarOf(0), value) },
  ],
}

const P25519 = 2n ** 255n - 19n
/** Of order 8: times 8 it is the identity. */
const TORSION = fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')

const POINTS: Record<Curve, Mutation[]> = {
  secp256k1: [
    constant('the generator', curve.base(scalarBytes(1n))),
    constant('zeros for the identity', NOT_A_POINT),
    constant('x beyond the field', concat(Uint8Array.of(2), new Uint8Array(32).fill(255))),
    // x = 5: 5^3 + 7 = 132 is no square modulo p.
    constant('x of no point', concat(Uint8Array.of(2), scalarBytes(5n))),
    { name: 'negated', apply: value => put(value, 0, Uint8Array.of((value[0] ?? 0) ^ 1)) },
    { name: 'with the prefix of an uncompressed point', apply: value => put(value, 0, Uint8Array.of(4)) },
    { name: 'with a hybrid prefix', apply: value => put(value, 0, Uint8Array.of(6)) },
  ],
  ed25519: [
    constant('the generator', ed25519Group.base(littleEndian(1n)) ?? NOT_A_POINT),
    constant('zeros, a point of order 4', new Uint8Array(32)),
    constant('the identity', littleEndian(1n)),
    constant('a point of order 2', littleEndian(P25519 - 1n)),
    constant('a point of order 8', TORSION),
    constant('the identity with y beyond the field', littleEndian(P25519 + 1n)),
    constant('all ones', new Uint8Array(32).fill(255)),
    // y = 2 is on no point of the curve.
    constant('y of no point', littleEndian(2n)),
    {
      name: 'plus a point of order 8',
      apply: value => ed25519.Point.fromBytes(value).add(ed25519.Point.fromBytes(TORSION)).toBytes(),
    },
    { name: 'negated', apply: value => put(value, 31, Uint8Array.of((value[31] ?? 0) ^ 128)) },
  ],
}

export const MUTATIONS: Record<Kind, readonly Mutation[]> = {
  bytes: [...BYTES, ...ANYWHERE],
  'secp256k1 scalar': [...SCALARS.secp256k1, ...ANYWHERE],
  'secp256k1 point': [...POINTS.secp256k1, ...ANYWHERE],
  'ed25519 scalar': [...SCALARS.ed25519, ...ANYWHERE],
  'ed25519 point': [...POINTS.ed25519, ...ANYWHERE],
}
