import { blake3Keyed } from './blake3.ts'
import { concat, equalBytes, toWords, u32 } from './bytes.ts'
import { hash, hash64, indexBytes } from './hash.ts'
import { CHOICES, EXTENSION_LENGTH, extendAsReceiver, extendAsSender, PAD_WORDS } from './ot-extension.ts'
import {
  mod,
  ORDER,
  parseMany,
  parseScalar,
  reduceMany,
  reduceWide,
  SCALAR_LENGTH,
  scalarBytes,
  writeScalar,
} from './scalar.ts'

/** What one signing session may read of a pair. */
export type PairMaterial = {
  /** Public, different for every epoch. */
  readonly session: Uint8Array
  /** This party has all leaves: it is OT extension receiver. [tree][leaf] of 8 words. */
  readonly full: Uint32Array
  /** This party misses the leaf at `positions[tree]` (zeros there): it is OT extension sender. */
  readonly punctured: Uint32Array
  readonly positions: Uint8Array
  /** The positions as 128 bits: the sender's global correlation. */
  readonly delta: Uint32Array
  readonly zeroSeed: Uint8Array
  /** Gadget vectors by direction: `own` where this party holds the choice bits, `peer` where the peer does. */
  readonly gadget: { readonly own: readonly bigint[]; readonly peer: readonly bigint[] }
}

/**
 * Random vector OLE (DKLs23, eprint 2023/765, protocol 5.2) with l = 2 products and rho = 1 check column.
 * Bob holds a random b, Alice inputs a[0], a[1]; they end with c[i] + d[i] = a[i] · b. SPEC.md section 6.
 */
const PRODUCTS = 2
const WIDTH = PRODUCTS + 1
const MATRIX_LENGTH = CHOICES * WIDTH * SCALAR_LENGTH

/** Bob's only message. */
export const RVOLE_REQUEST_LENGTH = EXTENSION_LENGTH
/** Alice's only message: masked matrix, eta, hash of mu. */
export const RVOLE_REPLY_LENGTH = MATRIX_LENGTH + SCALAR_LENGTH + 32

/** Public uniform gadget for one epoch and direction; `chooser` is the party with the choice bits. */
export const gadgetVector = (pairSession: Uint8Array, chooser: number): bigint[] => {
  const key = toWords(hash('rvole/gadget', pairSession, indexBytes([chooser])))
  const message = new Uint32Array(16)
  const out = new Uint32Array(16)
  return Array.from({ length: CHOICES }, (_, j) => {
    message[0] = j
    blake3Keyed(key, message, 4, out, 0, 1)
    return reduceWide(new Uint8Array(out.buffer))
  })
}

/** All PRG output and hashes of one multiplication are bound to session, epoch and direction. */
export const runIdOf = (material: PairMaterial, session: Uint8Array, chooser: number): Uint8Array =>
  hash('rvole/run', session, material.session, indexBytes([chooser]))

/** The three scalars of each pad, row by row. */
export const padScalars = (pads: Uint32Array): bigint[] => {
  const bytes = new Uint8Array(CHOICES * WIDTH * SCALAR_LENGTH)
  const source = new Uint8Array(pads.buffer)
  for (let row = 0; row < CHOICES; row++) {
    const start = row * PAD_WORDS * 4
    bytes.set(source.subarray(start, start + WIDTH * SCALAR_LENGTH), row * WIDTH * SCALAR_LENGTH)
  }
  const scalars = reduceMany(bytes, CHOICES * WIDTH)
  bytes.fill(0)
  pads.fill(0)
  return scalars
}

/** Two challenge scalars from the masked matrix. */
export const thetas = (runId: Uint8Array, matrix: Uint8Array): [bigint, bigint] => {
  const seed = hash('rvole/theta', runId, matrix)
  return [
    reduceWide(hash64('rvole/theta-scalar', seed, u32(0))),
    reduceWide(hash64('rvole/theta-scalar', seed, u32(1))),
  ]
}

const at = (values: readonly bigint[], index: number): bigint => values[index] as bigint

/** Bob: samples the choice bits, hence b. */
export class RvoleBob {
  readonly request: Uint8Array
  /** b = sum of the gadget entries at set choice bits. */
  readonly input: bigint
  readonly #runId: Uint8Array
  readonly #material: PairMaterial
  #choices: Uint32Array
  #pads: bigint[]

  constructor(material: PairMaterial, session: Uint8Array, self: number, random: (n: number) => Uint8Array) {
    this.#material = material
    this.#runId = runIdOf(material, session, self)
    this.#choices = toWords(random((CHOICES + 128) / 8))
    const { message, pads } = extendAsReceiver(material.full, this.#runId, this.#choices)
    this.request = message
    this.#pads = padScalars(pads)
    let input = 0n
    for (let j = 0; j < CHOICES; j++) input += this.#bit(j) * at(material.gadget.own, j)
    this.input = mod(input)
  }

  #bit(j: number): bigint {
    return BigInt(((this.#choices[j >> 5] as number) >>> (j & 31)) & 1)
  }

  /** d[0], d[1]; undefined when the reply is not canonical, `false` when Alice's matrix is inconsistent. */
  finish(reply: Uint8Array): [bigint, bigint] | undefined | false {
    const matrixBytes = reply.slice(0, MATRIX_LENGTH)
    const matrix = parseMany(matrixBytes, CHOICES * WIDTH)
    const eta = parseScalar(reply.slice(MATRIX_LENGTH, MATRIX_LENGTH + SCALAR_LENGTH))
    if (matrix === undefined || eta === undefined) return undefined
    const [theta0, theta1] = thetas(this.#runId, matrixBytes)
    const mu = new Uint8Array(CHOICES * SCALAR_LENGTH)
    let d0 = 0n
    let d1 = 0n
    for (let j = 0; j < CHOICES; j++) {
      const bit = this.#bit(j)
      const row = j * WIDTH
      // Without reduction: each is below 2q, the sums below 2^522.
      const first = at(this.#pads, row) + bit * at(matrix, row)
      const second = at(this.#pads, row + 1) + bit * at(matrix, row + 1)
      const third = at(this.#pads, row + 2) + bit * at(matrix, row + 2)
      writeScalar(mod(third + theta0 * first + theta1 * second - bit * eta), mu, j * SCALAR_LENGTH)
      const weight = at(this.#material.gadget.own, j)
      d0 += weight * first
      d1 += weight * second
    }
    const consistent = equalBytes(hash('rvole/mu', this.#runId, mu), reply.slice(MATRIX_LENGTH + SCALAR_LENGTH))
    mu.fill(0)
    return consistent ? [mod(d0), mod(d1)] : false
  }

  erase(): void {
    this.#choices.fill(0)
    this.#pads = []
  }
}

/** Alice: undefined when Bob's request fails the OT extension's check; otherwise her reply and c[0], c[1]. */
export const rvoleAlice = (
  material: PairMaterial,
  session: Uint8Array,
  bob: number,
  request: Uint8Array,
): RvoleAlice | undefined => {
  const runId = runIdOf(material, session, bob)
  const extended = extendAsSender(material.punctured, material.positions, material.delta, runId, request)
  if (extended === undefined) return undefined
  return new RvoleAlice(runId, material.gadget.peer, padScalars(extended.pads0), padScalars(extended.pads1))
}

export class RvoleAlice {
  readonly #runId: Uint8Array
  readonly #gadget: readonly bigint[]
  #pads0: bigint[]
  #pads1: bigint[]

  constructor(runId: Uint8Array, gadget: readonly bigint[], pads0: bigint[], pads1: bigint[]) {
    this.#runId = runId
    this.#gadget = gadget
    this.#pads0 = pads0
    this.#pads1 = pads1
  }

  /** @param check uniform scalar, used once: the check column's input */
  multiply(input: readonly [bigint, bigint], check: bigint): { reply: Uint8Array; output: [bigint, bigint] } {
    const inputs = [input[0], input[1], check]
    const matrix = new Uint8Array(MATRIX_LENGTH)
    for (let index = 0; index < CHOICES * WIDTH; index++) {
      // In (-q, 2q): one conditional step each way instead of a division.
      let value = at(this.#pads0, index) - at(this.#pads1, index) + at(inputs, index % WIDTH)
      if (value < 0n) value += ORDER
      else if (value >= ORDER) value -= ORDER
      writeScalar(value, matrix, index * SCALAR_LENGTH)
    }
    const [theta0, theta1] = thetas(this.#runId, matrix)
    const eta = mod(check + theta0 * input[0] + theta1 * input[1])
    const mu = new Uint8Array(CHOICES * SCALAR_LENGTH)
    let c0 = 0n
    let c1 = 0n
    for (let j = 0; j < CHOICES; j++) {
      const first = at(this.#pads0, j * WIDTH)
      const second = at(this.#pads0, j * WIDTH + 1)
      writeScalar(mod(at(this.#pads0, j * WIDTH + 2) + theta0 * first + theta1 * second), mu, j * SCALAR_LENGTH)
      const weight = at(this.#gadget, j)
      c0 += weight * first
      c1 += weight * second
    }
    const reply = concat(matrix, scalarBytes(eta), hash('rvole/mu', this.#runId, mu))
    mu.fill(0)
    return { reply, output: [mod(-c0), mod(-c1)] }
  }

  erase(): void {
    this.#pads0 = []
    this.#pads1 = []
  }
}
