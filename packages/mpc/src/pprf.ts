import { concat, equalBytes, u32, xorInto } from './bytes.ts'
import { hash } from './hash.ts'
import { blake3Keyed } from './kernel/blake3.ts'
import { bytes, list, parse, Refused, record } from './layout.ts'

/**
 * All-but-one OT from 1-of-2 OT by puncturable GGM trees with a consistency check (SoftSpokenOT, eprint 2022/192,
 * section 5 and its PPRF construction), for `TREES` trees of depth 2. The sender ends with all four leaves of each tree,
 * the receiver with all but the one at its secret position.
 */
export const DEPTH = 2
export const LEAVES = 4
export const TREES = 64
const SEED = 32
/** Per tree: two masked sums of level 2, the sum of all check values, and the hash of all check values. */
export const treesLayout = list(
  TREES,
  record({ masked0: bytes(SEED), masked1: bytes(SEED), total: bytes(SEED), expected: bytes(SEED) }),
)

/** Length-doubling PRG, bound to run, tree and purpose. */
const double = (seed: Uint8Array, session: Uint8Array, tree: number, level: number): [Uint8Array, Uint8Array] => {
  const doubled = blake3Keyed(seed, concat(session, u32(tree), Uint8Array.of(level)), 1)
  return [doubled.slice(0, SEED), doubled.slice(SEED)]
}

const xor = (...parts: readonly Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(SEED)
  for (const part of parts) xorInto(out, part)
  return out
}

const checkHash = (session: Uint8Array, tree: number, values: readonly Uint8Array[]): Uint8Array =>
  hash('pprf/check', session, u32(tree), ...values)

/** Leaf seeds and check values of one tree: the second doubling separates what is used from what is compared. */
const finish = (leaves: readonly Uint8Array[], session: Uint8Array, tree: number): [Uint8Array[], Uint8Array[]] => {
  const pairs = leaves.map(leaf => double(leaf, session, tree, DEPTH))
  return [pairs.map(pair => pair[0]), pairs.map(pair => pair[1])]
}

/** Sender: keys[2c], keys[2c+1] are both keys of the base OTs for levels 1 and 2 of tree c. */
export const buildTrees = (
  session: Uint8Array,
  keys: readonly (readonly [Uint8Array, Uint8Array])[],
): { message: Uint8Array; leaves: Uint8Array[][] } => {
  const message: Uint8Array[] = []
  const leaves: Uint8Array[][] = []
  for (let tree = 0; tree < TREES; tree++) {
    const top = keys[2 * tree]
    const bottom = keys[2 * tree + 1]
    if (top === undefined || bottom === undefined) throw new RangeError('buildTrees needs two key pairs per tree')
    const [left0, right0] = double(top[0], session, tree, 1)
    const [left1, right1] = double(top[1], session, tree, 1)
    const [seeds, checks] = finish([left0, right0, left1, right1], session, tree)
    message.push(xor(bottom[0], left0, left1), xor(bottom[1], right0, right1))
    message.push(xor(...checks), checkHash(session, tree, checks))
    leaves.push(seeds)
  }
  return { message: concat(...message), leaves }
}

/** The receiver's base OT choices for the secret position 2a+b of a tree: the sibling at each level. */
export const choicesFor = (position: number): [number, number] => [1 - (position >> 1), 1 - (position & 1)]

/** `bytes` where the bit is 1, zeros where it is 0. */
const keepIf = (bit: number, value: Uint8Array): Uint8Array => value.map(byte => byte & -bit)

const either = (bit: number, one: Uint8Array, zero: Uint8Array): Uint8Array =>
  xor(keepIf(bit, one), keepIf(1 - bit, zero))

/**
 * Receiver: keys[2c], keys[2c+1] are the chosen keys of tree c. The leaf at the secret position of each tree is zeros; all
 * four are computed and the position is a mask only. Undefined as a whole when a tree is inconsistent.
 */
export const puncturedTrees = (
  session: Uint8Array,
  keys: readonly Uint8Array[],
  positions: Uint8Array,
  message: Uint8Array,
): Uint8Array[][] | undefined => {
  const sent = parse(treesLayout, message)
  if (sent instanceof Refused) return undefined
  const result: Uint8Array[][] = []
  let consistent = true
  for (const [tree, position] of positions.entries()) {
    const own = sent[tree]
    const top = keys[2 * tree]
    const bottom = keys[2 * tree + 1]
    if (own === undefined || top === undefined || bottom === undefined)
      throw new RangeError('keys and positions differ')
    const { masked0, masked1, total, expected } = own
    const [half, side] = [position >> 1, 1 - (position & 1)]
    const siblings = double(top, session, tree, 1)
    const restored = xor(either(side, masked1, masked0), bottom, either(side, siblings[1], siblings[0]))
    const seeds: Uint8Array[] = []
    const checks: Uint8Array[] = []
    const isMissing: number[] = []
    for (let y = 0; y < LEAVES; y++) {
      const sameHalf = 1 - ((y >> 1) ^ half)
      const sameSide = 1 - ((y & 1) ^ side)
      const leaf = either(sameHalf, restored, siblings[y & 1] ?? restored)
      const [seed, checkValue] = double(leaf, session, tree, DEPTH)
      const missing = sameHalf & (1 - sameSide)
      seeds.push(keepIf(1 - missing, seed))
      checks.push(keepIf(1 - missing, checkValue))
      isMissing.push(missing)
    }
    const missingCheck = xor(total, ...checks)
    const all = checks.map((value, y) => xor(value, keepIf(isMissing[y] ?? 0, missingCheck)))
    consistent = equalBytes(checkHash(session, tree, all), expected) && consistent
    result.push(seeds)
  }
  return consistent ? result : undefined
}
