import { concat } from './bytes.ts'
import { CodecError } from './errors.ts'

/** From this size on a value is copied once, when all is written, instead of each time that the buffer grows. */
const LARGE = 4096

/** Appends bytes; grows as needed. All integers are big-endian. */
export class Writer {
  #buffer = new Uint8Array(256)
  #length = 0
  /** What lies before the buffer: large values, and what was written between them. */
  readonly #before: Uint8Array[] = []

  /** The bytes must stay as they are until `finish`. */
  raw(bytes: Uint8Array): void {
    if (bytes.length >= LARGE) {
      this.#before.push(this.#buffer.slice(0, this.#length), bytes)
      this.#length = 0
      return
    }
    this.#room(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  uint(value: number | bigint, size: number): void {
    if (typeof value === 'number' && size <= 4) {
      if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size))
        throw new CodecError('out-of-range', `not an unsigned ${8 * size}-bit integer`)
      this.#room(size)
      for (let i = 0; i < size; i++) this.#buffer[this.#length + i] = value >>> (8 * (size - 1 - i))
      this.#length += size
      return
    }
    let rest = BigInt(value)
    if (rest < 0n || rest >> BigInt(8 * size) !== 0n)
      throw new CodecError('out-of-range', `not an unsigned ${8 * size}-bit integer`)
    this.#room(size)
    for (let i = size - 1; i >= 0; i--) {
      this.#buffer[this.#length + i] = Number(rest & 0xffn)
      rest >>= 8n
    }
    this.#length += size
  }

  /** A copy of what was written; the writer is at its end. */
  finish(): Uint8Array {
    const rest = this.#buffer.subarray(0, this.#length)
    return this.#before.length === 0 ? rest.slice() : concat(...this.#before, rest)
  }

  #room(more: number): void {
    if (this.#length + more <= this.#buffer.length) return
    const next = new Uint8Array(Math.max(2 * this.#buffer.length, this.#length + more))
    next.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = next
  }
}

/** Reads within bounds; a read beyond the end throws `CodecError` truncated. */
export class Reader {
  readonly #bytes: Uint8Array
  #at = 0
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** A copy of the next `length` bytes. */
  raw(length: number): Uint8Array {
    return new Uint8Array(this.view(length))
  }

  /** The next `length` bytes, in the memory that is read. */
  view(length: number): Uint8Array {
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  uint(size: number): bigint {
    let value = 0n
    for (const byte of this.view(size)) value = (value << 8n) | BigInt(byte)
    return value
  }

  /** An unsigned integer of at most four bytes. */
  small(size: 1 | 2 | 4): number {
    const start = this.#advance(size)
    let value = 0
    for (let i = start; i < start + size; i++) value = value * 256 + (this.#bytes[i] ?? 0)
    return value
  }

  /** Where the next `length` bytes begin. */
  #advance(length: number): number {
    if (length > this.remaining) throw new CodecError('truncated', `${length} bytes expected, ${this.remaining} left`)
    const start = this.#at
    this.#at += length
    return start
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }
}
