import { otReply, otRequest } from '../src/base-ot.ts'
import { HEADER_LENGTH } from '../src/frame.ts'
import { frostLayouts } from '../src/frost/signing.ts'
import type { Group } from '../src/group.ts'
import { createRefresh, type KeyShare, type Session } from '../src/index.ts'
import { keygenLayouts } from '../src/keygen.ts'
import type { Layout } from '../src/layout.ts'
import { extensionLayout } from '../src/ot-extension.ts'
import { pairLayouts } from '../src/pair-setup.ts'
import { treesLayout } from '../src/pprf.ts'
import { refreshLayouts } from '../src/refresh.ts'
import { rvoleReply } from '../src/rvole.ts'
import { signingLayouts } from '../src/signing-messages.ts'
import { never } from './cheats.ts'
import { frostSessions, keygenOn } from './frost-run.ts'
import { dealPairs, keygenSessions, pairSessions, random, run, signSessions } from './run.ts'

/** One decoder of message bodies: what it may refuse with, and two messages of honest runs that it takes. */
export type Decoder = {
  name: string
  layout: Layout<unknown>
  refusals: readonly string[]
  models: readonly [Uint8Array, Uint8Array]
}

/** Bodies that `from` sent to `to`, by round. */
const bodiesOf = <T>(sessions: ReadonlyMap<number, Session<T>>, from: number, to: number): Uint8Array[] => {
  const bodies: Uint8Array[] = []
  const { failures } = run(sessions, (sender, recipient, frame) => {
    if (sender === from && recipient === to) bodies.push(frame.slice(HEADER_LENGTH))
    return frame
  })
  return failures.size === 0 ? bodies : never()
}

const decodersOf = (
  protocol: string,
  rounds: readonly (readonly [name: string, layout: Layout<unknown>, refusals?: string])[],
  runOnce: () => readonly Uint8Array[],
): Decoder[] => {
  const [first, second] = [runOnce(), runOnce()]
  return rounds.map(([name, layout, refusals = ''], i) => ({
    name: `${protocol}, ${name}`,
    layout,
    refusals: ['F.4', ...refusals.split(' ')],
    models: [first[i] ?? never(), second[i] ?? never()],
  }))
}

const [PARTIES, THRESHOLD] = [3, 2]

/** The rounds of the protocols that run over either group. */
export const groupDecoders = (group: Group): Decoder[] => {
  const keygen = keygenLayouts(group, PARTIES, THRESHOLD)
  const refresh = refreshLayouts(group, PARTIES, THRESHOLD)
  const frost = frostLayouts(group, PARTIES)
  const shares = keygenOn(group.name, PARTIES, THRESHOLD)
  const openingOf = (open: Uint8Array = never()): Uint8Array => open.slice(0, -32)
  const refreshing = (sessionId: Uint8Array): Map<number, Session<KeyShare>> =>
    new Map([...shares].map(([index, share]) => [index, createRefresh({ share, sessionId, random })]))
  return [
    ...decodersOf(
      'key generation',
      [
        ['commit', keygen.commit],
        ['echo', keygen.echo],
        ['open', keygen.open, 'K3.2 K3.4'],
        ['confirm', keygen.confirm],
        ['opening', keygen.opening, 'K3.2'],
      ],
      () => {
        const sent = bodiesOf(keygenSessions(PARTIES, THRESHOLD, random(32), random, group.name), 2, 1)
        return [...sent, openingOf(sent[2])]
      },
    ),
    ...decodersOf(
      'refresh',
      [
        ['commit', refresh.commit],
        ['echo', refresh.echo],
        ['open', refresh.open, 'R3.2 R3.4'],
        ['confirm', refresh.confirm],
        ['opening', refresh.opening, 'R3.2'],
      ],
      () => {
        const sent = bodiesOf(refreshing(random(32)), 2, 1)
        return [...sent, openingOf(sent[2])]
      },
    ),
    ...decodersOf(
      'FROST',
      [
        ['commit', frost.commit, 'T1.1'],
        ['echo', frost.echo],
        ['sign', frost.sign, 'T3.1'],
      ],
      () => bodiesOf(frostSessions({ shares, signers: [1, 2, 3] }), 2, 1),
    ),
  ]
}

/** The rounds of threshold ECDSA, and the messages of the oblivious transfers inside them. */
export const ecdsaDecoders = (): Decoder[] => {
  const { lower, upper } = pairLayouts
  const signing = signingLayouts(PARTIES)
  const shares = keygenOn('secp256k1', PARTIES, THRESHOLD)
  const signers = [1, 2, 3]
  const part = (body: Uint8Array = never(), start: number, layout: Layout<unknown>): Uint8Array =>
    body.slice(start, start + layout.length)
  return [
    ...decodersOf(
      'pair set-up from the lower index',
      [
        ['request', lower.request],
        ['answer', lower.answer],
        ['turn', lower.turn],
        ['confirm', lower.confirm],
        ['OT requests', otRequest, 'P1.1'],
        ['trees', treesLayout],
      ],
      () => {
        const sent = bodiesOf(pairSessions(1, 2), 1, 2)
        return [...sent, part(sent[0], 0, otRequest), part(sent[2], 0, treesLayout)]
      },
    ),
    ...decodersOf(
      'pair set-up from the higher index',
      [
        ['request', upper.request],
        ['answer', upper.answer],
        ['turn', upper.turn],
        ['confirm', upper.confirm],
        ['OT replies', otReply, 'P2.2'],
        ['OT extension', extensionLayout],
      ],
      () => {
        const sent = bodiesOf(pairSessions(1, 2), 2, 1)
        return [...sent, part(sent[1], 0, otReply), part(sent[1], otReply.length + treesLayout.length, extensionLayout)]
      },
    ),
    ...decodersOf(
      'signing',
      [
        ['commit', signing.commit],
        ['echo', signing.echo],
        ['multiply', signing.multiply, 'S3.2 S3.3'],
        ['combine', signing.combine, 'S4.1'],
        ['payload', signing.payload],
        ['multiplication', rvoleReply, 'S3.2'],
      ],
      () => {
        const sent = bodiesOf(signSessions({ shares, pairs: dealPairs(signers), signers }), 2, 1)
        return [...sent, part(sent[0], PARTIES * 32, signing.payload), part(sent[2], 98, rvoleReply)]
      },
    ),
  ]
}
