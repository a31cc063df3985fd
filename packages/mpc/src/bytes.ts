export const concat = (...parts: readonly Uint8Array[]): Uint8Array => {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** The same memory as a plain Uint8Array: the `slice` of a Buffer would share memory instead of copying. */
export const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** 32-bit words of bytes in the machine's order (little-endian wherever Node runs), as a copy. */
export const toWords = (bytes: Uint8Array): Uint32Array => new Uint32Array(new Uint8Array(bytes).buffer)

/** Equality in time that depends on the lengths only. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}

/** target ^= source, in place. */
export const xorInto = (target: Uint8Array, source: Uint8Array): void => {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) ^ (source[i] ?? 0)
}

export const writeU32 = (value: number, out: Uint8Array, offset: number): void => {
  for (let i = 0; i < 4; i++) out[offset + i] = value >>> (24 - 8 * i)
}

export const u32 = (value: number): Uint8Array => {
  const out = new Uint8Array(4)
  writeU32(value, out, 0)
  return out
}

export const readU32 = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0)

export const isZero = (bytes: Uint8Array): boolean => {
  let any = 0
  for (const byte of bytes) any |= byte
  return any === 0
}

/** Cuts fixed-length fields from a body whose whole length was checked. The fields are copies. */
export class Fields {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = plain(bytes)
  }

  take(length: number): Uint8Array {
    const field = this.#bytes.slice(this.#offset, this.#offset + length)
    this.#offset += length
    return field
  }

  /** The next field as a part of the body itself: for large ones that are used before the body is erased. */
  view(length: number): Uint8Array {
    this.#offset += length
    return this.#bytes.subarray(this.#offset - length, this.#offset)
  }
}
