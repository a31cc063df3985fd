import { HEADER_LENGTH, type ProtocolId, TAG_LENGTH } from '../../src/frame.ts'
import type { Session } from '../../src/index.ts'
import { type Bodies, RoundSession } from '../../src/session.ts'
import type { Message } from './schema.ts'

/**
 * A party that may choose another value for any field, and computes all that depends on it as the protocol says: the
 * strongest form of each cheat. It checks nothing that it is sent.
 */
export type Choose = (field: string, value: Uint8Array, where?: { element?: number; to?: number }) => Uint8Array

/** What a player sends in one round, by recipient; the handler of the last round returns nothing. */
export type Sent = ReadonlyMap<number, Uint8Array>

/** Messages that the player expects of each peer give it the lengths. */
export const playerSession = (options: {
  protocol: ProtocolId
  self: number
  peers: readonly number[]
  session: Uint8Array
  expected: readonly Message[]
  begin: () => Sent
  rounds: readonly ((bodies: Bodies) => Sent | undefined)[]
}): Session<'finished'> =>
  new RoundSession<'finished'>({
    protocol: options.protocol,
    self: options.self,
    peers: options.peers,
    tag: options.session.slice(0, TAG_LENGTH),
    begin: () => new Map(options.begin()),
    rounds: options.rounds.map((handle, i) => ({
      bodyLength: options.expected[i]?.length ?? 0,
      complete: bodies => {
        const copies = new Map([...bodies].map(([from, body]) => [from, body.slice()]))
        const send = handle(copies)
        return send === undefined ? { result: 'finished' } : { send: new Map(send) }
      },
    })),
    close: () => undefined,
  })

/** The value of a field in a body. */
export const fieldOf = (message: Message | undefined, name: string, body: Uint8Array, element = 0): Uint8Array => {
  const field = message?.fields.find(one => one.name === name)
  if (field === undefined) throw new Error(`no field ${name}`)
  const at = field.offset + element * field.stride
  return body.slice(at, at + field.length)
}

export const bodyOf = (frame: Uint8Array): Uint8Array => frame.slice(HEADER_LENGTH)
