import { type Codec, encode } from '@trivault/codec'
import { type Genesis, genesisCodec } from '@trivault/protocol'
import { testGenesis } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { PinsCheck } from './pins.ts'

const mine = testGenesis()
const bytes = (genesis: Genesis) => encode(genesisCodec as Codec<Genesis>, genesis)

describe('pins of a peer', () => {
  const open = () => {
    const lines: unknown[] = []
    const check = new PinsCheck(mine, (_level, _message, fields) => void lines.push(fields))
    return { check, lines }
  }

  it.each<[keyof Genesis, Partial<Genesis>]>([
    ['deploymentId', { deploymentId: 'other', issuer: 'other' }],
    ['identityKeys', { identityKeys: mine.identityKeys.toReversed() }],
    ['ersFingerprint', { ersFingerprint: new Uint8Array(32) }],
    ['foundingMode', { foundingMode: 'identity' }],
    ['founders', { founders: ['ann@example.com'], foundersRequired: 2 }],
    ['founderKeys', { founderKeys: [new Uint8Array(32)] }],
    ['jwksThumbprints', { jwksThumbprints: [new Uint8Array(32)] }],
    ['claims', { claims: { ...mine.claims, email: 'upn' } }],
    ['profile', { profile: 'enclave', rulesVersion: 2 }],
  ])('that differ are named by the first field: %s', (field, changes) => {
    const { check, lines } = open()
    for (let i = 0; i < 3; i++) check.receive(2, bytes({ ...mine, ...changes }))
    expect(lines).toEqual([{ peer: 2, field }])
    expect(check.reason).toBe(`pins differ from those of node 2: ${field}`)
    check.agree(2)
    expect(check.reason).toBe('')
  })

  it('that are equal or no pins at all say nothing false', () => {
    const { check, lines } = open()
    check.receive(1, bytes(mine))
    expect([lines, check.reason]).toEqual([[], ''])
    check.receive(1, new Uint8Array(3))
    expect(lines).toEqual([{ peer: 1, field: 'format' }])
  })

  it('are shown to a peer every two seconds at most', () => {
    const { check } = open()
    expect(check.show(1, 0)).toEqual(bytes(mine))
    expect(check.show(1, 1_999)).toBeUndefined()
    expect(check.show(2, 1_999)).toBeDefined()
    expect(check.show(1, 2_000)).toBeDefined()
  })
})
