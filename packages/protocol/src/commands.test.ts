import { concat, toHex } from '@trivault/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { name, raw, refused, text, user } from '../test/support.ts'
import {
  type Command,
  type CommandOf,
  curves,
  decodeCommand,
  encodeCommand,
  failureKinds,
  holdKinds,
  type SigningFailure,
  signingFailureDigest,
  systemRoles,
} from './index.ts'

const caip2 = fc.constantFrom('eip155:1', 'bip122:000000000019d6689c085ae165831e93')
const id = fc.constantFrom('op-1', 'x')
const byte = fc.integer({ min: 0, max: 255 })
const optional = <T>(item: fc.Arbitrary<T>) => fc.option(item, { nil: undefined })
const report = fc.record({
  vaultId: raw(32),
  masterKey: name,
  curve: fc.constantFrom(...curves),
  ersFingerprint: raw(32),
  publicKey: raw(33),
  publicShares: fc.array(raw(33), { maxLength: 3 }),
  chainCode: raw(32),
  transcriptHash: raw(32),
  epoch: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  operationId: id,
  backupHashes: fc.array(raw(32), { maxLength: 3 }),
})
const of = <T extends Command['type'], R>(type: T, fields: fc.Arbitrary<R>) =>
  fields.map(value => ({ type, ...value })) as unknown as fc.Arbitrary<CommandOf<T>>

const commands: { [T in Command['type']]: fc.Arbitrary<CommandOf<T>> } = {
  setup: of(
    'setup',
    fc.record({
      bodyHash: raw(32),
      users: fc.array(fc.record({ id: user, name: text }), { maxLength: 3 }),
      group: name,
      approvalsRequired: fc.integer({ min: 0, max: 65_535 }),
      rates: fc.array(
        fc.record({ asset: text, usdRate: optional(text), usdMin: optional(text), usdMax: optional(text) }),
        { maxLength: 3 },
      ),
      masterKeys: fc.array(fc.record({ name, accounts: fc.array(name, { maxLength: 3 }) }), { maxLength: 3 }),
      chains: fc.array(caip2, { maxLength: 3 }),
    }),
  ),
  createGroup: of('createGroup', fc.record({ by: user, name })),
  registerChain: of('registerChain', fc.record({ by: user, caip2 })),
  createSystemUser: of(
    'createSystemUser',
    fc.record({ by: user, name: text, role: fc.constantFrom(...systemRoles), confirmer: optional(user) }),
  ),
  deleteSystemUser: of('deleteSystemUser', fc.record({ by: user, id: user })),
  allocateAddress: of(
    'allocateAddress',
    fc.record({ masterKey: name, account: name, caip2, index: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
  ),
  start: of('start', fc.record({ operationId: id, intent: raw(0, 50) })),
  approve: of('approve', fc.record({ operationId: id, userId: user, keyId: raw(32), signature: raw(0, 80) })),
  reject: of('reject', fc.record({ operationId: id, userId: user, reason: text })),
  cancel: of('cancel', fc.record({ operationId: id, by: user })),
  execute: of('execute', fc.record({ operationId: id, part: byte, variant: byte, transaction: raw(0, 50) })),
  signed: of('signed', fc.record({ operationId: id, part: byte, variant: byte, signature: raw(0, 65) })),
  activateKey: of(
    'activateKey',
    fc.record({
      keys: fc.array(fc.record({ report, signatures: fc.array(raw(64), { maxLength: 3 }) }), { maxLength: 2 }),
    }),
  ),
  signingFailed: of(
    'signingFailed',
    fc.record({
      ...{ vaultId: raw(32), operationId: id, part: byte, variant: byte, digest: raw(32), node: byte },
      ...{ check: fc.constantFrom('S3.1', 'F.5'), kind: fc.constantFrom(...failureKinds), signature: raw(64) },
    }),
  ),
  endorse: of(
    'endorse',
    fc.record({
      epoch: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      owners: fc.array(fc.record({ id: user, name: text, key: optional(raw(32)) }), { maxLength: 3 }),
      required: fc.integer({ min: 0, max: 65_535 }),
      signatures: fc.array(raw(64), { maxLength: 3 }),
    }),
  ),
  vouch: of(
    'vouch',
    fc.record({
      ...{ userId: user, publicKey: raw(65), channel: fc.constantFrom('app', 'cli'), idToken: text },
      issuerKey: fc.oneof(
        fc.record({ type: fc.constant('rsa'), modulus: raw(0, 50) }),
        fc.record({ type: fc.constant('ec'), x: raw(32), y: raw(32) }),
      ),
      proof: raw(0, 80),
    }),
  ),
  hold: of(
    'hold',
    fc.record({
      ...{ vaultId: raw(32), kind: fc.constantFrom(...holdKinds), operationId: id, counter: fc.maxSafeNat() },
      ...{ keyId: raw(32), signature: raw(0, 80) },
    }),
  ),
}
const types = Object.keys(commands) as Command['type'][]
const arbitraryOf = (type: Command['type']) => commands[type] as fc.Arbitrary<Command>
const command = fc.oneof(...types.map(arbitraryOf))

describe('commands', () => {
  it('keep their tags for ever: logs hold them', () => {
    const first = (type: Command['type']) => encodeCommand(fc.sample(arbitraryOf(type), 1)[0] as Command)[0]
    expect(Object.fromEntries(types.map(type => [type, first(type)]))).toEqual({
      setup: 1,
      createGroup: 2,
      registerChain: 3,
      createSystemUser: 4,
      deleteSystemUser: 5,
      allocateAddress: 7,
      start: 16,
      approve: 17,
      reject: 18,
      cancel: 19,
      execute: 20,
      signed: 21,
      activateKey: 22,
      signingFailed: 24,
      hold: 50,
      vouch: 40,
      endorse: 41,
    })
  })

  it('have one byte string, written down here', () => {
    expect(toHex(encodeCommand({ type: 'reject', operationId: 'op', userId: 'a@b', reason: 'no' }))).toBe(
      '12000000026f7000000003614062000000026e6f',
    )
  })

  it.each(types)('round trip: %s', type => {
    fc.assert(
      fc.property(arbitraryOf(type), value => {
        expect(decodeCommand(encodeCommand(value))).toEqual(value)
      }),
      { numRuns: 50 },
    )
  })

  it('rejects changed bytes, or reads another command that has exactly these bytes', () => {
    fc.assert(
      fc.property(command, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, position, flip) => {
        const bytes = encodeCommand(value)
        const at = position % bytes.length
        const changed = bytes.map((one, i) => (i === at ? one ^ flip : one))
        let other: Command | undefined
        expect([undefined, 'malformed']).toContain(
          refused(() => {
            other = decodeCommand(changed)
          }),
        )
        if (other === undefined) return
        expect(other).not.toEqual(value)
        expect(encodeCommand(other)).toEqual(changed)
      }),
      { numRuns: 2000 },
    )
  })

  it('rejects every truncation and extension', () => {
    fc.assert(
      fc.property(command, raw(1, 3), (value, more) => {
        const bytes = encodeCommand(value)
        for (let end = 0; end < bytes.length; end++)
          expect(refused(() => decodeCommand(bytes.subarray(0, end)))).toBe('malformed')
        expect(refused(() => decodeCommand(concat(bytes, more)))).toBe('malformed')
      }),
      { numRuns: 30 },
    )
  })

  it('rejects random bytes with the one error', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 2, 5, 16, 17, 20, 22, 23, 24, 255), raw(0, 200), (tag, rest) => {
        expect([undefined, 'malformed']).toContain(refused(() => decodeCommand(concat(Uint8Array.of(tag), rest))))
      }),
      { numRuns: 1000 },
    )
    for (const tag of [0, 8, 15, 23, 255]) expect(refused(() => decodeCommand(Uint8Array.of(tag)))).toBe('malformed')
  })

  it('rejects lengths beyond their bounds', () => {
    const long = { type: 'createGroup', by: 'a@b', name: 'x'.repeat(129) } as const
    expect(() => encodeCommand(long)).toThrow(expect.objectContaining({ code: 'too-long', path: 'createGroup.name' }))
    const big = new Uint8Array(450_001)
    expect(() => encodeCommand({ type: 'start', operationId: 'x', intent: big })).toThrow(/at most 450000/)
    const hostile = concat(Uint8Array.of(16, 0, 0, 0, 1, 0x78, 0xff, 0xff, 0xff, 0xff))
    expect(refused(() => decodeCommand(hostile))).toBe('malformed')
  })
})

describe('the statement of a failed signing session', () => {
  const statement: SigningFailure = {
    vaultId: new Uint8Array(32).fill(1),
    operationId: 'op',
    part: 0,
    variant: 0,
    digest: new Uint8Array(32).fill(2),
    node: 1,
    check: 'S3.1',
    kind: 'accusation',
  }

  it('has a digest of its own for each field, whatever else the object carries', () => {
    const changes: Partial<SigningFailure>[] = [
      { vaultId: new Uint8Array(32) },
      { operationId: 'other' },
      { part: 1 },
      { variant: 1 },
      { digest: new Uint8Array(32) },
      { node: 2 },
      { check: 'S3.2' },
      { kind: 'equivocation' },
    ]
    const digests = [{}, ...changes].map(change => toHex(signingFailureDigest({ ...statement, ...change })))
    expect(new Set(digests).size).toBe(9)
    const signed = { ...statement, type: 'signingFailed', signature: new Uint8Array(64) }
    expect(toHex(signingFailureDigest(signed))).toBe(digests[0])
  })
})
