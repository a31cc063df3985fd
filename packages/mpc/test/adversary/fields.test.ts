import { describe, expect, it } from 'vitest'
import { HEADER_LENGTH, PROTOCOL } from '../../src/frame.ts'
import { ed25519Group, secp256k1Group } from '../../src/group.ts'
import { CHEAT, never, put, roundOf } from '../cheats.ts'
import { MUTATIONS, type Mutation } from './mutations.ts'
import { bodyOf, type Choose, fieldOf } from './player.ts'
import {
  type Ended,
  type Frame,
  frostScenario,
  keygenScenario,
  pairScenario,
  refreshScenario,
  type Scenario,
  signingScenario,
} from './scenarios.ts'
import { type Field, placeOf, uncovered } from './schema.ts'

const FULL = process.env.TRIVAULT_ADVERSARY === 'full'
/** Elements of a vector that are attacked: all of them would be the same test a thousand times. */
const ELEMENTS = FULL ? 12 : 2

const scenarios = [
  keygenScenario(secp256k1Group, 3, 3),
  keygenScenario(ed25519Group, 4, 2),
  refreshScenario(ed25519Group, 3, 3),
  refreshScenario(secp256k1Group, 4, 2),
  frostScenario(ed25519Group, 3, [1, 2, 3]),
  frostScenario(secp256k1Group, 2, [1, 3]),
  signingScenario(3, [1, 2, 3]),
  signingScenario(2, [1, 3]),
  pairScenario(1),
  pairScenario(4),
]

const elementsOf = ({ count }: Field): number[] => {
  const wanted = Math.min(count, ELEMENTS)
  return Array.from({ length: wanted }, (_, i) => Math.round((i * (count - 1)) / Math.max(1, wanted - 1)))
}

/** All mutations of each element; in `npm test`, of costly runs, a part that differs from element to element. */
const attacksOn = (scenario: Scenario, field: Field): { element: number; mutation: Mutation; only?: number }[] => {
  const [first] = scenario.honest
  const recipients = scenario.honest.length > 1 && first !== undefined ? [{}, { only: first }] : [{}]
  return elementsOf(field).flatMap((element, nth) =>
    MUTATIONS[field.kind].flatMap((mutation, i) => {
      // The first mutation fits every value: no field goes without an attack.
      const chosen = FULL || i + nth === 0 || (i + nth + field.offset) % scenario.every === 0
      return chosen ? recipients.map(recipient => ({ element, mutation, ...recipient })) : []
    }),
  )
}

const roundIn = (field: Field): number => Number(field.name[0])

const sentBy = (frames: readonly Frame[], party: number, round: number, to?: number): Uint8Array | undefined =>
  frames.find(
    ({ from, frame, to: recipient }) => from === party && roundOf(frame) === round && (to ?? recipient) === recipient,
  )?.frame

/** What could be put in the place of a field, from an equal run without a cheat and from another session. */
const elsewhere = (scenario: Scenario, home: Ended, foreign: Ended) => {
  const read = (frames: readonly Frame[], party: number, field: Field, element: number): Uint8Array | undefined => {
    const message = scenario.messages[roundIn(field) - 1]
    const frame = sentBy(frames, party, roundIn(field))
    const fits = frame !== undefined && frame.length === HEADER_LENGTH + (message?.length ?? 0)
    return fits ? fieldOf(message, field.name, bodyOf(frame), element) : undefined
  }
  return (field: Field, element: number) => {
    const earlier = scenario.messages
      .slice(0, roundIn(field) - 1)
      .flatMap(({ fields }) => fields)
      .find(({ length }) => length === field.length)
    return {
      foreign: read(foreign.frames, CHEAT, field, element) ?? never(),
      swapped: read(home.frames, scenario.honest[0] ?? never(), field, element),
      earlier: earlier && read(home.frames, CHEAT, earlier, 0),
    }
  }
}

/** What every honest party must be able to say after any cheat, and which of the expected outcomes came. */
const judge = (scenario: Scenario, ended: Ended, allowed: readonly string[]): string => {
  ended.expectCorrect()
  ended.expectSpent()
  for (const [party, failure] of ended.failures) {
    expect(failure.suspects).toContain(CHEAT)
    expect(failure.suspects).not.toContain(party)
    if (failure.party !== undefined) expect(failure.party).toBe(CHEAT)
    expect(ended.sessions.get(party)?.receive(CHEAT, new Uint8Array(3))).toEqual({ out: [] })
    expect(allowed).toContain(failure.check)
  }
  if (ended.failures.size > 0) return [...new Set([...ended.failures.values()].map(({ check }) => check))].join(' ')
  // Who waits in vain is given up by a timeout; nobody was harmed and nobody is accused.
  const outcome = ended.results.size === 0 ? 'waits' : 'ok'
  if (outcome === 'ok') expect([...ended.results.keys()].toSorted()).toEqual([...scenario.honest].toSorted())
  expect(allowed).toContain(outcome)
  return outcome
}

describe.each(scenarios.map(scenario => [scenario.name, scenario] as const))('%s', (_name, scenario) => {
  const identity: Choose = (_field, value) => value
  const home = scenario.run({ seed: 'home' })
  const played = scenario.run({ seed: 'home', choose: identity })
  const foreign = scenario.run({ seed: 'foreign' })
  const inTransit = elsewhere(scenario, home, foreign)
  const ofPlayer = elsewhere(scenario, played, scenario.run({ seed: 'foreign', choose: identity }))
  const fields = scenario.messages.flatMap(message => message.fields)

  it('has every byte of every message in the schema', () => {
    const sent = home.frames.filter(({ from }) => from === CHEAT)
    expect(new Set(sent.map(({ frame }) => roundOf(frame)))).toEqual(
      new Set(scenario.messages.map(({ round }) => round)),
    )
    for (const { frame } of sent) {
      const message = scenario.messages[roundOf(frame) - 1] ?? never()
      expect([frame[0], frame.length]).toEqual([message.protocol, HEADER_LENGTH + message.length])
      expect(uncovered(message)).toEqual([])
    }
  })

  it('ends well with a player that does not cheat, who chooses every element of every field', () => {
    const chosen = new Set<string>()
    const ended = scenario.run({
      seed: 'home',
      choose: (field, value, { element = 0 } = {}) => {
        chosen.add(`${field}/${element}`)
        return value
      },
    })
    expect(judge(scenario, ended, ['ok'])).toBe('ok')
    const all = fields.flatMap(field => Array.from({ length: field.count }, (_, element) => `${field.name}/${element}`))
    expect([...chosen].toSorted()).toEqual(all.toSorted())
  })

  it.each(fields.map(field => [field.name, field] as const))('%s changed in transit', (_name, field) => {
    const outcomes = attacksOn(scenario, field).map(({ element, mutation, only }) => {
      const place = placeOf(field, element)
      let changed = false
      const ended = scenario.run({
        seed: 'home',
        intercept: (from, to, frame) => {
          if (from !== CHEAT || roundOf(frame) !== roundIn(field) || (only ?? to) !== to) return frame
          const other = changeOf(mutation, frame.slice(place, place + field.length), inTransit(field, element))
          changed ||= other !== undefined
          return other === undefined ? frame : put(frame, place, other)
        },
      })
      return changed ? judge(scenario, ended, field.transit) : undefined
    })
    expect(outcomes.filter(outcome => outcome !== undefined)).not.toEqual([])
  })

  it.each(fields.map(field => [field.name, field] as const))(
    '%s of a cheat who then follows the protocol',
    (_n, field) => {
      const outcomes = attacksOn(scenario, field).map(({ element, mutation, only }) => {
        let changed = false
        const ended = scenario.run({
          seed: 'home',
          choose: (name, value, where = {}) => {
            if (name !== field.name || (where.element ?? 0) !== element) return value
            // A choice for all is made without a recipient: then there is nothing to tell only one of them.
            if (only !== undefined && where.to !== only) return value
            const other = changeOf(mutation, value, ofPlayer(field, element))
            changed ||= other !== undefined
            return other ?? value
          },
        })
        return changed ? judge(scenario, ended, field.player) : undefined
      })
      expect(outcomes.filter(outcome => outcome !== undefined)).not.toEqual([])
    },
  )
})

const changeOf = (mutation: Mutation, value: Uint8Array, from: ReturnType<ReturnType<typeof elsewhere>>) => {
  const other = mutation.apply(value, from)
  return other === undefined || Buffer.compare(other, value) === 0 ? undefined : other
}

it('every protocol has its messages in the schema', () => {
  const covered = new Set(scenarios.flatMap(({ messages }) => messages.map(({ protocol }) => protocol)))
  expect([...covered].toSorted()).toEqual(Object.values(PROTOCOL).toSorted())
})
