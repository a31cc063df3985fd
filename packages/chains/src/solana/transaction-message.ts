const keyLength = 32
/** First byte of an off-chain message (`\xff` and "solana offchain"): no version of a transaction will ever have it. */
const offChain = 0xff

/**
 * Could a Solana validator read these bytes, or a beginning of them, as the message of a transaction? Legacy by its layout
 * (header, keys, blockhash, instructions), every other version by the top bit of its first byte.
 */
export function isTransactionMessage(bytes: Uint8Array): boolean {
  const [first = 0] = bytes
  return first >= 0x80 ? first !== offChain : isLegacyMessage(bytes)
}

function isLegacyMessage(bytes: Uint8Array): boolean {
  const reader = new Reader(bytes)
  const [signers, readOnlySigners, readOnlyOthers] = [reader.byte(), reader.byte(), reader.byte()]
  const keys = reader.count()
  reader.skip(keys * keyLength)
  reader.skip(keyLength)
  if (signers === 0 || readOnlySigners >= signers || signers + readOnlyOthers > keys) return false
  const instructions = reader.count()
  for (let i = 0; i < instructions && !reader.failed; i++) {
    if (reader.byte() >= keys) return false
    const accounts = reader.count()
    for (let j = 0; j < accounts && !reader.failed; j++) if (reader.byte() >= keys) return false
    reader.skip(reader.count())
  }
  return !reader.failed
}

/** Reads on after the end with zeros, and remembers that. */
class Reader {
  readonly #bytes: Uint8Array
  #offset = 0
  failed = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  byte(): number {
    const value = this.#bytes[this.#offset++]
    if (value === undefined) this.failed = true
    return value ?? 0
  }

  skip(length: number): void {
    this.#offset += length
    if (this.#offset > this.#bytes.length) this.failed = true
  }

  /** Compact-u16: seven bits a byte, low first, at most three bytes. */
  count(): number {
    let value = 0
    for (let shift = 0; shift < 21; shift += 7) {
      const byte = this.byte()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    this.failed = true
    return 0
  }
}
