// Opcodes of the EVM (Ethereum Yellow Paper, appendix H) that the test contracts use. PUSH and labels are written specially.
const opcodes: Readonly<Record<string, number>> = {
  ADD: 0x01,
  SUB: 0x03,
  LT: 0x10,
  EQ: 0x14,
  SHL: 0x1b,
  SHR: 0x1c,
  CALLER: 0x33,
  CALLVALUE: 0x34,
  CALLDATALOAD: 0x35,
  CALLDATASIZE: 0x36,
  CODECOPY: 0x39,
  POP: 0x50,
  MSTORE: 0x52,
  SLOAD: 0x54,
  SSTORE: 0x55,
  JUMP: 0x56,
  JUMPI: 0x57,
  DUP1: 0x80,
  DUP2: 0x81,
  DUP3: 0x82,
  SWAP1: 0x90,
  LOG3: 0xa3,
  RETURN: 0xf3,
  REVERT: 0xfd,
}

type Token = { readonly bytes: number[] } | { readonly label: string } | { readonly jump: string }

/**
 * EVM code of a listing of words: `ADD` is an opcode, `0x1f` pushes these bytes, `@name` pushes a jump target, `name:` marks
 * one. `;` begins a comment. Throws on anything else.
 */
export function assemble(listing: string): Uint8Array {
  const words = listing.split('\n').flatMap(line => (line.split(';')[0] ?? '').split(/\s+/).filter(word => word !== ''))
  const tokens = words.map(parse)
  const positions = new Map<string, number>()
  let size = 0
  for (const token of tokens) {
    if ('label' in token) {
      if (positions.has(token.label)) throw new Error(`label ${token.label} stands twice`)
      positions.set(token.label, size)
    }
    size += 'bytes' in token ? token.bytes.length : 'label' in token ? 1 : 3
  }
  const code = tokens.flatMap(token => {
    if ('bytes' in token) return token.bytes
    if ('label' in token) return [0x5b] // JUMPDEST
    const position = positions.get(token.jump)
    if (position === undefined) throw new Error(`label ${token.jump} is missing`)
    return [0x61, position >> 8, position & 0xff] // PUSH2
  })
  return Uint8Array.from(code)
}

function parse(word: string): Token {
  const opcode = opcodes[word]
  if (opcode !== undefined) return { bytes: [opcode] }
  if (/^@\w+$/.test(word)) return { jump: word.slice(1) }
  if (/^\w+:$/.test(word)) return { label: word.slice(0, -1) }
  if (/^0x([0-9a-f]{2}){1,32}$/.test(word)) {
    const bytes = (word.slice(2).match(/../g) ?? []).map(pair => Number.parseInt(pair, 16))
    return { bytes: [0x5f + bytes.length, ...bytes] } // PUSH1 to PUSH32
  }
  throw new Error(`unknown word ${word}`)
}
