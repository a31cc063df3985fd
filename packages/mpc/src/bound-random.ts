import { u32 } from './bytes.ts'
import { hash } from './hash.ts'
import { blake3Keyed } from './kernel/blake3.ts'
import { type Random, strictRandom } from './session.ts'

const BLOCK = 64

/**
 * The injected source, bound to its use (SPEC.md section 1): what comes out also depends on `session`, on `secret` and on how
 * often it was asked. So a source that is set back and repeats itself gives another session nothing that it gave before, and
 * to whoever does not know `secret` the output stays unpredictable even where the source is not.
 * @param session 32 bytes that name session, party and purpose
 */
export const boundRandom = (random: Random, session: Uint8Array, secret: Uint8Array = new Uint8Array()): Random => {
  const source = strictRandom(random)
  let count = 0
  return n => {
    const drawn = source(32)
    const key = hash('random', session, u32(count++), secret, drawn)
    const blocks = blake3Keyed(key, new Uint8Array(), Math.ceil(n / BLOCK))
    const out = blocks.slice(0, n)
    for (const work of [drawn, key, blocks]) work.fill(0)
    return out
  }
}
