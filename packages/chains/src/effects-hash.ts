import { sha256 } from '@noble/hashes/sha2.js'
import { bool, concat, encode, fixed, list, option, struct, text, uintVar, utf8, word } from '@trivault/codec'
import { functionNames, grades } from '@trivault/protocol'
import { familyNames } from './family.ts'
import type { Effects } from './types.ts'

const domain = 'trivault/effects/v1\0'

const effectsCodec = struct({
  family: word(familyNames),
  caip2: text(41),
  from: text(128),
  function: word(functionNames),
  movements: list(struct({ asset: text(192), destination: text(128), amount: uintVar(32) }), 1000),
  unknownAmounts: bool,
  feeCeiling: uintVar(32),
  grade: word(grades),
  digest: option(fixed(32)),
})

/**
 * SHA-256 of the canonical bytes of effects. Of a transaction or message it also covers the digest, and so every byte that
 * is signed; planned effects have none.
 */
export function effectsHash(effects: Effects & { readonly digest?: Uint8Array }): Uint8Array {
  const { movements, digest } = effects
  return sha256(concat(utf8(domain), encode(effectsCodec, { ...effects, movements: [...movements], digest })))
}
