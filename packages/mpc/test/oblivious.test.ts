import { describe, expect, it } from 'vitest'
import { answerRequest, COUNT, OtReceiver } from '../src/base-ot.ts'
import { concat } from '../src/bytes.ts'
import { hash } from '../src/hash.ts'
import { CHOICES, extendAsReceiver, extendAsSender, PAD_WORDS } from '../src/ot-extension.ts'
import { buildTrees, choicesFor, puncturedTrees, TREES } from '../src/pprf.ts'
import { type PairMaterial, padScalars, RvoleBob, runIdOf, rvoleAlice, thetas } from '../src/rvole.ts'
import { mod, parseMany, scalarBytes, writeScalar } from '../src/scalar.ts'
import { inconsistentRequest } from './cheats.ts'
import { dealPairs, random } from './run.ts'

const never = (): never => {
  throw new Error('unreachable')
}

const materials = (): { left: PairMaterial; right: PairMaterial } => {
  const pairs = dealPairs([1, 2])
  const id = random(32)
  return { left: pairs.get(1)?.get(2)?.claim(id) ?? never(), right: pairs.get(2)?.get(1)?.claim(id) ?? never() }
}

describe('base OT', () => {
  it('gives the receiver exactly the chosen keys', () => {
    const session = random(32)
    const choices = [...random(COUNT)].map(byte => byte & 1)
    const receiver = new OtReceiver(session, choices, random)
    const answer = answerRequest(session, receiver.request(), random) ?? never()
    const keys = receiver.receive(answer.reply) ?? never()
    for (const [i, choice] of choices.entries()) {
      expect(keys[i]).toEqual(answer.keys[i]?.[choice])
      expect(keys[i]).not.toEqual(answer.keys[i]?.[1 - choice])
    }
  })
})

describe('punctured trees', () => {
  const session = random(32)
  const keyPairs = Array.from({ length: 2 * TREES }, () => [random(32), random(32)] as const)
  const positions = [...random(TREES)].map(byte => byte & 3)
  const chosen = positions.flatMap(choicesFor).map((choice, i) => keyPairs[i]?.[choice] ?? never())

  it('give all leaves but the one at the secret position', () => {
    const { message, leaves } = buildTrees(session, keyPairs)
    const punctured = puncturedTrees(session, chosen, positions, message) ?? never()
    for (const [tree, position] of positions.entries()) {
      const expected = leaves[tree]?.map((leaf, i) => (i === position ? undefined : leaf))
      expect(punctured[tree]).toEqual(expected)
    }
  })

  it('a sender that corrupts one side of one tree is caught by every receiver that uses that side', () => {
    const { message } = buildTrees(session, keyPairs)
    for (const tree of [0, 17, 63]) {
      for (const side of [0, 1]) {
        const bad = message.slice()
        bad[tree * 128 + side * 32] = (bad[tree * 128 + side * 32] ?? 0) ^ 1
        const used = 1 - ((positions[tree] ?? 0) & 1) === side
        expect(puncturedTrees(session, chosen, positions, bad) === undefined).toBe(used)
      }
    }
  })
})

describe('OT extension', () => {
  it('gives the chosen pad of each OT, and other pads in another run', () => {
    const { left, right } = materials()
    const choices = new Uint32Array(random(68).buffer)
    const runId = random(32)
    const receiver = extendAsReceiver(left.full, runId, choices)
    const sender = extendAsSender(right.punctured, right.positions, right.delta, runId, receiver.message) ?? never()
    for (let j = 0; j < CHOICES; j++) {
      const pad = (pads: Uint32Array): Uint32Array => pads.slice(j * PAD_WORDS, (j + 1) * PAD_WORDS)
      const bit = ((choices[j >> 5] ?? 0) >>> (j & 31)) & 1
      expect(pad(receiver.pads)).toEqual(pad(bit === 1 ? sender.pads1 : sender.pads0))
      expect(pad(sender.pads0)).not.toEqual(pad(sender.pads1))
    }
    expect(extendAsReceiver(left.full, random(32), choices).pads).not.toEqual(receiver.pads)
  })

  it('aborts on one corrupted column group exactly where delta is not zero', () => {
    const { left, right } = materials()
    for (let tree = 0; tree < TREES; tree++) {
      const runId = random(32)
      const request = inconsistentRequest(left.full, runId, t => t === tree)
      const accepted = extendAsSender(right.punctured, right.positions, right.delta, runId, request) !== undefined
      expect(accepted).toBe(right.positions[tree] === 0)
    }
  })

  it('rejects a changed correction, choice check or matrix check, and the message of another run', () => {
    const { left, right } = materials()
    const runId = random(32)
    const { message } = extendAsReceiver(left.full, runId, new Uint32Array(random(68).buffer))
    const accepts = (id: Uint8Array, bytes: Uint8Array): boolean =>
      extendAsSender(right.punctured, right.positions, right.delta, id, bytes) !== undefined
    expect(accepts(runId, message)).toBe(true)
    expect(accepts(random(32), message)).toBe(false)
    for (const offset of [0, 60, 4351, 4352, 4367, 4368, 4399]) {
      const bad = message.slice()
      bad[offset] = (bad[offset] ?? 0) ^ 4
      expect(accepts(runId, bad)).toBe(false)
    }
  })
})

describe('random vector OLE', () => {
  const inputs = [3n, mod(-5n)] as const

  it('shares both products', () => {
    const { left, right } = materials()
    const session = random(32)
    const bob = new RvoleBob(left, session, 1, random)
    const alice = rvoleAlice(right, session, 1, bob.request) ?? never()
    const { reply, output } = alice.multiply(inputs, 77n)
    const shares = bob.finish(reply) || never()
    for (const i of [0, 1] as const) expect(mod(output[i] + shares[i])).toBe(mod(inputs[i] * bob.input))
  })

  /** Alice with her own input in row `row`; everything else, including theta, eta and mu, as the protocol says. */
  const cheatInRow = (row: number) => {
    const { left, right } = materials()
    const session = random(32)
    const bob = new RvoleBob(left, session, 1, random)
    const runId = runIdOf(right, session, 1)
    const extended = extendAsSender(right.punctured, right.positions, right.delta, runId, bob.request) ?? never()
    const [pads0, pads1] = [padScalars(extended.pads0), padScalars(extended.pads1)]
    const at = (values: readonly bigint[], i: number): bigint => values[i] ?? never()
    const column = [...inputs, 77n]
    const matrix = new Uint8Array(CHOICES * 3 * 32)
    for (let i = 0; i < CHOICES * 3; i++) {
      const extra = i === row * 3 ? 1n : 0n
      writeScalar(mod(at(pads0, i) - at(pads1, i) + at(column, i % 3) + extra), matrix, i * 32)
    }
    const [theta0, theta1] = thetas(runId, matrix)
    const mu = new Uint8Array(CHOICES * 32)
    for (let j = 0; j < CHOICES; j++) {
      writeScalar(mod(at(pads0, 3 * j + 2) + theta0 * at(pads0, 3 * j) + theta1 * at(pads0, 3 * j + 1)), mu, j * 32)
    }
    const eta = mod(77n + theta0 * inputs[0] + theta1 * inputs[1])
    const reply = concat(matrix, scalarBytes(eta), hash('rvole/mu', runId, mu))
    expect(parseMany(matrix, CHOICES * 3)).toBeDefined()
    const outcome = bob.finish(reply)
    return outcome === false ? 'caught' : outcome === undefined ? 'malformed' : 'passed'
  }

  it('an inconsistent row is caught exactly when its choice bit is set: half of the time', () => {
    const outcomes = Array.from({ length: 40 }, (_, row) => cheatInRow(row))
    const caught = outcomes.filter(outcome => outcome === 'caught').length
    expect(outcomes.filter(outcome => outcome === 'malformed')).toEqual([])
    // 40 fair coins: outside 5..35 with probability below 2^-20.
    expect(caught).toBeGreaterThanOrEqual(5)
    expect(caught).toBeLessThanOrEqual(35)
  })
})
