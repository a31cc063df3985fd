import { BusError } from './errors.ts'

/** A party on the bus: `node0`, `node1`, `node2`, `wallet`. One NATS token, so never a dot or a wildcard. */
export type PartyName = string

const PARTY = /^[a-z][a-z0-9-]{0,31}$/

/** Throws BusError bad-argument. */
export function checkParty(name: string): PartyName {
  if (!PARTY.test(name))
    throw new BusError('bad-argument', `"${name}" is not the name of a party: lower-case letters, digits, hyphen`)
  return name
}

/**
 * The subject of a message. It names the sender, and the broker lets a client publish only on subjects that name the
 * party of its own certificate: a receiver takes the sender from the subject.
 */
export const subjectOf = (from: PartyName, to: PartyName) => `tv.from.${from}.to.${to}`

/** What a party subscribes to: its own inbox, from anyone. */
export const inboxOf = (self: PartyName) => `tv.from.*.to.${self}`

/** The sender named by a subject of `self`'s inbox; undefined when it is none. */
export function senderOf(subject: string, self: PartyName): PartyName | undefined {
  const parts = subject.split('.')
  const [tv, from, sender, to, receiver] = parts
  if (parts.length !== 5 || tv !== 'tv' || from !== 'from' || to !== 'to' || receiver !== self) return undefined
  return sender !== undefined && PARTY.test(sender) ? sender : undefined
}

/** The subject alternative name (URI) by which the broker maps a client certificate to its permissions. */
export const identityUri = (party: PartyName) => `urn:trivault:bus:${party}`
