import { concat, xorInto } from '../bytes.ts'
import { sha256 } from '../hash.ts'
import { kernel, memory, view } from './kernel.ts'

/**
 * RFC 9380, suite secp256k1_XMD:SHA-256_SSWU_RO_: constant-time in messages of equal length, which noble's is not.
 */
const FIELD = 2n ** 256n - 2n ** 32n - 977n
/** Section 8.7: A' and B' of the isogenous curve, then Z; a square root of -Z (F.2.1.2), 3·B', 1, 2^256 mod p. */
const MAP_CONSTANTS = [
  0x3f8731abdd661adca08a5558f0f5d272e953d363cb6f0e5d405447c01a444533n,
  1771n,
  FIELD - 11n,
  0x31fdf302724013e57ad13fb38f842afeec184f00a74789dd286729c8303c4a59n,
  5313n,
  1n,
  2n ** 32n + 977n,
]
/** Appendix E.1, lowest degree first; the denominators are monic. */
const ISOGENY_CONSTANTS = [
  0x8e38e38e38e38e38e38e38e38e38e38e38e38e38e38e38e38e38e38daaaaa8c7n,
  0x07d3d4c80bc321d5b9f315cea7fd44c5d595d2fc0bf63b92dfff1044f17c6581n,
  0x534c328d23f234e6e2a413deca25caece4506144037c40314ecbd0b53d9dd262n,
  0x8e38e38e38e38e38e38e38e38e38e38e38e38e38e38e38e38e38e38daaaaa88cn,
  0xd35771193d94918a9ca34ccbb7b640dd86cd409542f8487d9fe6b745781eb49bn,
  0xedadc6f64383dc1df7c4b2d51b54225406d36b641f5e41bbc52a56612a8c6d14n,
  0x4bda12f684bda12f684bda12f684bda12f684bda12f684bda12f684b8e38e23cn,
  0xc75e0c32d5cb7c0fa9d0a54b12a0a6d5647ab046d686da6fdffc90fc201d71a3n,
  0x29a6194691f91a73715209ef6512e576722830a201be2018a765e85a9ecee931n,
  0x2f684bda12f684bda12f684bda12f684bda12f684bda12f684bda12f38e38d84n,
  0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffff93bn,
  0x7a06534bb8bdb49fd5e9e6632722c2989467c1bfc8e8d978dfb425d2685c2573n,
  0x6484aa716545ca2cf3a70c3fa8fe337e0a3d21162f0d6299a7bf8192bfd2a76fn,
]

for (const [i, value] of [...MAP_CONSTANTS, ...ISOGENY_CONSTANTS].entries()) {
  memory.set(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'), kernel.constants.value + 32 * i)
}
kernel.loadConstants()

/** Points of one call to the kernel. */
const BATCH = 256
const UNIFORM_LENGTH = 96

/** expand_message_xmd (section 5.3.1) with SHA-256 to 96 bytes. */
const expandMessage = (message: Uint8Array, dst: Uint8Array): Uint8Array => {
  const suffix = concat(dst, Uint8Array.of(dst.length))
  const first = sha256(concat(new Uint8Array(64), message, Uint8Array.of(0, UNIFORM_LENGTH, 0), suffix))
  const blocks: Uint8Array[] = []
  for (let i = 1; i <= 3; i++) {
    const chained = first.slice()
    xorInto(chained, blocks.at(-1) ?? new Uint8Array(32))
    blocks.push(sha256(concat(chained, Uint8Array.of(i), suffix)))
  }
  return concat(...blocks)
}

/**
 * Points of secp256k1 for messages, as 65-byte uncompressed encodings.
 * @param dst domain separation tag of at most 255 ASCII characters
 */
export const hashToCurve = (messages: readonly Uint8Array[], dst: string): Uint8Array[] => {
  const tag = new TextEncoder().encode(dst)
  const points: Uint8Array[] = []
  for (let start = 0; start < messages.length; start += BATCH) {
    const batch = messages.slice(start, start + BATCH)
    for (const [i, message] of batch.entries()) {
      memory.set(expandMessage(message, tag), kernel.uniform.value + i * UNIFORM_LENGTH)
    }
    kernel.hashToCurve(batch.length)
    for (let i = 0; i < batch.length; i++) {
      const affine = view({ value: kernel.points.value + 64 * i }, 64)
      points.push(concat(Uint8Array.of(4), affine))
      affine.fill(0)
    }
  }
  return points
}
