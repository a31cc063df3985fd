import { concat } from '../src/bytes.ts'
import { challenge, checkHash, compressChoices, compressRows, expandLeaves, transpose } from '../src/ot-extension.ts'
import { LEAVES, TREES } from '../src/pprf.ts'
import { random } from './run.ts'

const WORDS = 17
const bytes = (words: Uint32Array): Uint8Array => new Uint8Array(words.buffer)

/**
 * An OT extension request in which the trees that `corrupt` names use choice bit 5 inverted. The cheat recomputes the
 * challenge and answers it with the values of its uncorrupted choices, so the check passes wherever the sender's delta is
 * zero in all corrupted trees.
 */
export const inconsistentRequest = (
  seeds: Uint32Array,
  runId: Uint8Array,
  corrupt: (tree: number) => boolean,
): Uint8Array => {
  const choices = new Uint32Array(random(WORDS * 4).buffer)
  const streams = expandLeaves(seeds, runId)
  const stride = streams.length / (TREES * LEAVES)
  const corrections = new Uint32Array(TREES * WORDS)
  const columns = new Uint32Array(128 * WORDS)
  for (let tree = 0; tree < TREES; tree++) {
    for (let word = 0; word < WORDS; word++) {
      const leaf = (y: number): number => streams[(tree * LEAVES + y) * stride + word] ?? 0
      const error = word === 0 && corrupt(tree) ? 1 << 5 : 0
      corrections[tree * WORDS + word] = leaf(0) ^ leaf(1) ^ leaf(2) ^ leaf(3) ^ (choices[word] ?? 0) ^ error
      columns[2 * tree * WORDS + word] = leaf(1) ^ leaf(3)
      columns[(2 * tree + 1) * WORDS + word] = leaf(2) ^ leaf(3)
    }
  }
  const matrix = challenge(runId, bytes(corrections))
  const matrixCheck = checkHash(runId, compressRows(transpose(columns), matrix))
  return concat(bytes(corrections), bytes(compressChoices(choices, matrix)), matrixCheck)
}
