import { toHex } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { assemble } from './assembler.ts'

describe('the assembler', () => {
  it('writes opcodes, pushes and jumps', () => {
    expect(toHex(assemble('0x01 0xffff ADD ; a comment\n @end JUMP\n end: 0x00 DUP1 REVERT'))).toBe(
      '600161ffff0161000a565b600080fd',
    )
  })

  it.each(['add', 'PUSH1', '0x', '0x1', '0xAB', `0x${'00'.repeat(33)}`, '@nowhere', 'a: a:', '12'])(
    'rejects %j',
    listing => {
      expect(() => assemble(listing)).toThrow()
    },
  )
})
