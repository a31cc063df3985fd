import { describe, expect, it } from 'vitest'
import { answerRequest, COUNT, OtReceiver } from '../src/base-ot.ts'
import { toWords } from '../src/bytes.ts'
import { kernel, memory, put } from '../src/kernel/kernel.ts'
import { parse, Refused } from '../src/layout.ts'
import { CHOICES, CHOICES_LENGTH, extendAsReceiver, extendAsSender, PAD_LENGTH } from '../src/ot-extension.ts'
import { buildTrees, choicesFor, puncturedTrees, TREES } from '../src/pprf.ts'
import { type PairMaterial, RvoleAlice, RvoleBob, runIdOf, rvoleAlice, rvoleReply } from '../src/rvole.ts'
import { mod, reduce, scalarBytes } from '../src/scalar.ts'
import { addOne, finish, inconsistentRequest } from './cheats.ts'
import { extendAsReceiver as referenceReceiver, extendAsSender as referenceSender } from './reference/ot-extension.ts'
import { aliceReply, bobShares, gadget } from './reference/rvole.ts'
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
  const positions = random(TREES).map(byte => byte & 3)
  const chosen = [...positions].flatMap(choicesFor).map((choice, i) => keyPairs[i]?.[choice] ?? never())

  it('give all leaves but the one at the secret position', () => {
    const { message, leaves } = buildTrees(session, keyPairs)
    const punctured = puncturedTrees(session, chosen, positions, message) ?? never()
    for (const [tree, position] of positions.entries()) {
      const expected = leaves[tree]?.map((leaf, i) => (i === position ? new Uint8Array(32) : leaf))
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

describe('messages of another length', () => {
  const session = random(32)
  const choices = Array.from({ length: COUNT }, (_, i) => i & 1)
  const lengths = (message: Uint8Array): Uint8Array[] => [
    new Uint8Array(),
    message.slice(1),
    message.slice(0, -1),
    Uint8Array.from([...message, 0]),
  ]

  it('are refused by base OTs, trees and extension', () => {
    const receiver = new OtReceiver(session, choices, random)
    const answer = answerRequest(session, receiver.request(), random) ?? never()
    for (const request of lengths(receiver.request())) expect(answerRequest(session, request, random)).toBeUndefined()
    for (const reply of lengths(answer.reply)) expect(receiver.receive(reply)).toBeUndefined()
    const { message } = buildTrees(session, answer.keys)
    const positions = new Uint8Array(TREES)
    const keys = receiver.receive(answer.reply) ?? never()
    for (const trees of lengths(message)) expect(puncturedTrees(session, keys, positions, trees)).toBeUndefined()
    const { left, right } = materials()
    const runId = random(32)
    const extended = extendAsReceiver(left.full, runId, random(CHOICES_LENGTH))
    for (const request of lengths(extended.message)) {
      expect(extendAsSender(right.punctured, right.positions, right.delta, runId, request)).toBeUndefined()
    }
  })
})

describe('OT extension', () => {
  it('gives the chosen pad of each OT, and other pads in another run', () => {
    const { left, right } = materials()
    const choices = random(CHOICES_LENGTH)
    const runId = random(32)
    const receiver = extendAsReceiver(left.full, runId, choices)
    const sender = extendAsSender(right.punctured, right.positions, right.delta, runId, receiver.message) ?? never()
    for (let j = 0; j < CHOICES; j++) {
      const pad = (pads: Uint8Array): Uint8Array => pads.slice(j * PAD_LENGTH, (j + 1) * PAD_LENGTH)
      const bit = ((choices[j >> 3] ?? 0) >> (j & 7)) & 1
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

  it('agrees with the formulas of the specification', () => {
    const { left, right } = materials()
    for (let round = 0; round < 5; round++) {
      const runId = random(32)
      const choices = random(CHOICES_LENGTH)
      const receiver = extendAsReceiver(left.full, runId, choices)
      const expected = referenceReceiver(toWords(left.full), runId, toWords(choices))
      expect(receiver.message).toEqual(expected.message)
      expect(toWords(receiver.pads)).toEqual(expected.pads)
      const sender = extendAsSender(right.punctured, right.positions, right.delta, runId, receiver.message) ?? never()
      const [leaves, delta] = [toWords(right.punctured), toWords(right.delta)]
      const both = referenceSender(leaves, right.positions, delta, runId, receiver.message) ?? never()
      expect([toWords(sender.pads0), toWords(sender.pads1)]).toEqual([both.pads0, both.pads1])
    }
  })

  it('leaves nothing in the kernel after either half alone', () => {
    const { left, right } = materials()
    const runId = random(32)
    const held = (bytes: Uint8Array): boolean => Buffer.from(memory).includes(Buffer.from(bytes.slice(0, 16)))
    const choices = random(CHOICES_LENGTH)
    const receiver = extendAsReceiver(left.full, runId, choices)
    expect([left.full, choices, receiver.pads].map(held)).toEqual([false, false, false])
    const { pads0, pads1 } =
      extendAsSender(right.punctured, right.positions, right.delta, runId, receiver.message) ?? never()
    const leaf = right.positions[0] === 0 ? right.punctured.slice(32) : right.punctured
    expect([leaf, right.positions, right.delta, pads0, pads1].map(held)).toEqual([false, false, false, false, false])
    const altered = receiver.message.with(0, (receiver.message[0] ?? 0) ^ 4)
    extendAsSender(right.punctured, right.positions, right.delta, runId, altered)
    expect([leaf, right.positions, right.delta].map(held)).toEqual([false, false, false])
  })

  it('leaves nothing in the kernel', () => {
    const { left, right } = materials()
    const session = random(32)
    const bob = new RvoleBob(left, session, 1, random)
    const alice = rvoleAlice(right, session, 1, bob.request) ?? never()
    const [first, second] = [random(32), random(32)]
    const { reply } = alice.multiply([first, second], [random(32), random(32)])
    finish(bob, reply)
    const held = (bytes: Uint8Array): boolean => Buffer.from(memory).includes(Buffer.from(bytes))
    const leaf = right.positions[0] === 0 ? right.punctured.slice(32) : right.punctured
    const secrets = [left.full, leaf, right.delta, first, second, bob.input]
    for (const secret of secrets) expect(held(secret.slice(0, 16))).toBe(false)
    expect(held(reply.slice(0, 32))).toBe(true)
  })

  it('rejects a changed correction, choice check or matrix check, and the message of another run', () => {
    const { left, right } = materials()
    const runId = random(32)
    const { message } = extendAsReceiver(left.full, runId, random(CHOICES_LENGTH))
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
  const secrets = [scalarBytes(inputs[0]), scalarBytes(inputs[1])] as const

  it('shares both products', () => {
    const { left, right } = materials()
    const session = random(32)
    const bob = new RvoleBob(left, session, 1, random)
    const alice = rvoleAlice(right, session, 1, bob.request) ?? never()
    const { reply, output } = alice.multiply(secrets, [scalarBytes(77n), scalarBytes(88n)])
    const shares = finish(bob, reply) ?? never()
    for (const i of [0, 1] as const) {
      expect(mod(reduce(output[i]) + reduce(shares[i]))).toBe(mod(inputs[i] * reduce(bob.input)))
    }
  })

  /** Both parties of a test share one kernel; each has its own in a vault. */
  const scramble = (): void => {
    const { pads, otherPads, matrix } = kernel
    for (const area of [pads, otherPads, matrix]) put(area, random(416 * 128))
    const { gadget: weights, choices, choiceBits, inputs: own, theta, eta, outputs, mu } = kernel
    put(weights, random(416 * 72))
    put(mu, random(416 * 64))
    put(choices, random(CHOICES_LENGTH))
    put(choiceBits, random(52))
    for (const area of [own, theta]) put(area, random(128))
    for (const area of [eta, outputs]) put(area, random(64))
  }

  it('takes nothing from what another call left in the kernel', () => {
    const { left, right } = materials()
    const session = random(32)
    scramble()
    const bob = new RvoleBob(left, session, 1, random)
    scramble()
    const alice = rvoleAlice(right, session, 1, bob.request) ?? never()
    scramble()
    const { reply, output } = alice.multiply(secrets, [scalarBytes(77n), scalarBytes(88n)])
    const parsed = parse(rvoleReply, reply)
    scramble()
    const shares = parsed instanceof Refused ? never() : (bob.finish(parsed) ?? never())
    for (const i of [0, 1] as const)
      expect(mod(reduce(output[i]) + reduce(shares[i]))).toBe(mod(inputs[i] * reduce(bob.input)))
  })

  it('leaves nothing in the kernel after any of its steps', () => {
    const { left, right } = materials()
    const session = random(32)
    const choices = random(CHOICES_LENGTH)
    const held = (bytes: Uint8Array): boolean => Buffer.from(memory).includes(Buffer.from(bytes.slice(0, 16)))
    const bob = new RvoleBob(left, session, 1, () => choices.slice())
    expect([choices, bob.input].map(held)).toEqual([false, false])
    const runId = runIdOf(right, session, 1)
    const sent = extendAsSender(right.punctured, right.positions, right.delta, runId, bob.request) ?? never()
    const received = extendAsReceiver(left.full, runId, choices)
    const alice = rvoleAlice(right, session, 1, bob.request) ?? never()
    const drawn = () => random(32).with(0, 1)
    const [own, checks] = [[drawn(), drawn()] as const, [drawn(), drawn()] as const]
    const { reply, output } = alice.multiply(own, checks)
    const ofAlice = [...own, ...checks, sent.pads0, sent.pads1, ...output]
    expect(ofAlice.map(held)).toEqual(ofAlice.map(() => false))
    const shares = finish(bob, reply) ?? never()
    const ofBob = [choices, bob.input, received.pads, ...shares]
    expect(ofBob.map(held)).toEqual(ofBob.map(() => false))
    expect(finish(bob, reply.with(-1 + reply.length, (reply.at(-1) ?? 0) ^ 1))).toBeUndefined()
    expect(ofBob.map(held)).toEqual(ofBob.map(() => false))
  })

  it('has nothing left once it is erased', () => {
    const { left, right } = materials()
    const session = random(32)
    const bob = new RvoleBob(left, session, 1, random)
    const alice = rvoleAlice(right, session, 1, bob.request) ?? never()
    alice.erase()
    bob.erase()
    expect(bob.input).toEqual(new Uint8Array(32))
    // With pads and choices of zero both give what these say.
    const none = () => new Uint8Array(416 * 128)
    const blank = new RvoleAlice(runIdOf(right, session, 1), right.gadget.peer, none(), none())
    const checks = [scalarBytes(77n), scalarBytes(88n)] as const
    const { reply } = blank.multiply(secrets, checks)
    expect(alice.multiply(secrets, checks).reply).toEqual(reply)
    expect(finish(bob, reply)).toEqual([new Uint8Array(32), new Uint8Array(32)])
  })

  it('agrees with the formulas of the specification', () => {
    for (let round = 0; round < 5; round++) {
      const { left, right } = materials()
      const session = random(32)
      const runId = runIdOf(right, session, 1)
      const weights = gadget(left.session, 1)
      const choices = random(CHOICES_LENGTH)
      const bob = new RvoleBob(left, session, 1, () => choices.slice())
      const chosen = weights.filter((_, j) => (((choices[j >> 3] ?? 0) >> (j & 7)) & 1) === 1)
      expect(reduce(bob.input)).toBe(mod(chosen.reduce((sum, weight) => sum + weight, 0n)))
      const extended = extendAsSender(right.punctured, right.positions, right.delta, runId, bob.request) ?? never()
      const expected = aliceReply(runId, weights, [extended.pads0, extended.pads1], [...inputs, 77n, 88n])
      const alice = rvoleAlice(right, session, 1, bob.request) ?? never()
      const { reply, output } = alice.multiply(secrets, [scalarBytes(77n), scalarBytes(88n)])
      expect(reply).toEqual(expected.reply)
      expect(output.map(bytes => reduce(bytes))).toEqual(expected.output)
      const { pads } = extendAsReceiver(left.full, runId, choices)
      const { shares, mu } = bobShares(runId, weights, pads, choices, reply)
      expect((finish(bob, reply) ?? never()).map(bytes => reduce(bytes))).toEqual(shares)
      expect(reply.slice(-32)).toEqual(mu)
    }
  })

  /** Alice with her own input in row `row`; everything else, including theta, eta and mu, as the protocol says. */
  const cheatInRow = (row: number) => {
    const { left, right } = materials()
    const session = random(32)
    const bob = new RvoleBob(left, session, 1, random)
    const runId = runIdOf(right, session, 1)
    const extended = extendAsSender(right.punctured, right.positions, right.delta, runId, bob.request) ?? never()
    const pads = [extended.pads0, extended.pads1] as const
    const { reply } = aliceReply(runId, gadget(left.session, 1), pads, [...inputs, 77n, 88n], (name, value) =>
      name === 'matrix' ? addOne(value, row * 128) : value,
    )
    return finish(bob, reply) === undefined ? 'caught' : 'passed'
  }

  it('an inconsistent row is caught exactly when its choice bit is set: half of the time', () => {
    const outcomes = Array.from({ length: 40 }, (_, row) => cheatInRow(row))
    const caught = outcomes.filter(outcome => outcome === 'caught').length
    // 40 fair coins: outside 5..35 with probability below 2^-20.
    expect(caught).toBeGreaterThanOrEqual(5)
    expect(caught).toBeLessThanOrEqual(35)
  })
})
