import { toHex } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { type HoldStatement, holdMessage, taggedHash } from './index.ts'

const statement: HoldStatement = { vaultId: new Uint8Array(32), kind: 'freeze', operationId: '', counter: 7 }

describe('what an owner signs to stop the vault', () => {
  it('is a hash of 32 bytes under its own tag', () => {
    expect(holdMessage(statement)).toEqual(
      taggedHash(
        'hold',
        new Uint8Array(32),
        Uint8Array.of(0),
        new Uint8Array(4),
        Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 7),
      ),
    )
  })

  it('differs for another vault, kind, operation or counter', () => {
    const others: HoldStatement[] = [
      statement,
      { ...statement, vaultId: new Uint8Array(32).fill(1) },
      { ...statement, kind: 'veto' },
      { ...statement, operationId: 'op' },
      { ...statement, counter: 8 },
    ]
    expect(new Set(others.map(one => toHex(holdMessage(one)))).size).toBe(others.length)
  })

  it('does not depend on key and signature that come with it', () => {
    const signed = { ...statement, keyId: new Uint8Array(32).fill(9), signature: Uint8Array.of(1) }
    expect(holdMessage(signed)).toEqual(holdMessage(statement))
  })
})
