import { concat, utf8 } from '@trivault/codec'
import { assemble } from './assembler.ts'

export interface TestToken {
  /** At most 32 bytes. */
  readonly name: string
  /** At most 32 bytes. */
  readonly symbol: string
  readonly decimals: number
  /** Smallest units; all of them go to the deployer. */
  readonly supply: bigint
}

/**
 * Creation code of a minimal ERC-20 for test networks: name, symbol, decimals, totalSupply, balanceOf, transfer and the
 * Transfer event; no allowances. An account's balance lies in the storage slot of its address.
 */
export function erc20CreationCode(token: TestToken): Uint8Array {
  const runtime = assemble(runtimeListing(token))
  const draft = assemble(constructorListing(token.supply, runtime.length, 0))
  return concat(assemble(constructorListing(token.supply, runtime.length, draft.length)), runtime)
}

const transferEvent = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef' // Transfer(address,address,uint256)

function constructorListing(supply: bigint, size: number, offset: number): string {
  return `
    ${word(supply)} CALLER SSTORE                              ; balance of the deployer := supply
    ${word(supply)} 0x00 MSTORE
    CALLER 0x00 ${transferEvent} 0x20 0x00 LOG3                ; Transfer(0, deployer, supply)
    ${short(size)} DUP1 ${short(offset)} 0x00 CODECOPY         ; memory := runtime code, which follows this code
    0x00 RETURN`
}

function runtimeListing({ name, symbol, decimals, supply }: TestToken): string {
  return `
    CALLVALUE @fail JUMPI                                      ; takes no native value
    0x04 CALLDATASIZE LT @fail JUMPI
    0x00 CALLDATALOAD 0xe0 SHR                                 ; selector
    DUP1 0xa9059cbb EQ @transfer JUMPI
    DUP1 0x70a08231 EQ @balanceOf JUMPI
    DUP1 0x18160ddd EQ @totalSupply JUMPI
    DUP1 0x313ce567 EQ @decimals JUMPI
    DUP1 0x95d89b41 EQ @symbol JUMPI
    DUP1 0x06fdde03 EQ @name JUMPI
  fail:
    0x00 DUP1 REVERT

  balanceOf:
    0x24 CALLDATASIZE LT @fail JUMPI
    0x04 CALLDATALOAD SLOAD @word JUMP
  totalSupply:
    ${word(supply)} @word JUMP
  decimals:
    ${byte(decimals)} @word JUMP
  word:                                                        ; returns the top of the stack
    0x00 MSTORE 0x20 0x00 RETURN

  name:
    ${padded(name)} ${byte(utf8(name).length)} @text JUMP
  symbol:
    ${padded(symbol)} ${byte(utf8(symbol).length)} @text JUMP
  text:                                                        ; stack: length, characters
    0x20 0x00 MSTORE 0x20 MSTORE 0x40 MSTORE
    0x60 0x00 RETURN

  transfer:
    0x44 CALLDATASIZE LT @fail JUMPI
    0x04 CALLDATALOAD 0xa0 SHR @fail JUMPI                     ; padding of the recipient must be clean
    0x24 CALLDATALOAD                                          ; amount
    CALLER SLOAD                                               ; balance, amount
    DUP2 DUP2 LT @fail JUMPI                                   ; balance < amount
    DUP2 SWAP1 SUB CALLER SSTORE                               ; sender's balance -= amount
    DUP1 0x04 CALLDATALOAD SLOAD ADD
    0x04 CALLDATALOAD SSTORE                                   ; recipient's balance += amount, read after the line above
    0x00 MSTORE                                                ; amount
    0x04 CALLDATALOAD CALLER ${transferEvent} 0x20 0x00 LOG3
    0x01 @word JUMP`
}

function word(value: bigint): string {
  if (value < 0n || value >= 1n << 256n) throw new Error('a word has 256 bits')
  return `0x${value.toString(16).padStart(64, '0')}`
}

function short(value: number): string {
  return `0x${value.toString(16).padStart(4, '0')}`
}

function byte(value: number): string {
  if (!Number.isInteger(value) || value < 0 || value > 255) throw new Error('a byte is from 0 to 255')
  return `0x${value.toString(16).padStart(2, '0')}`
}

/** Text in the upper bytes of a word. */
function padded(text: string): string {
  const bytes = utf8(text)
  if (bytes.length > 32) throw new Error('a text has at most 32 bytes')
  return word(BigInt(`0x${[...bytes].map(char => char.toString(16).padStart(2, '0')).join('')}`.padEnd(66, '0')))
}
