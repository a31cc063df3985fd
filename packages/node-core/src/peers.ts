import { type Envelope, type EnvelopeOf, encodeEnvelope, type PeerMessage } from '@trivault/protocol'
import { bootName, type Channels } from './channel.ts'
import { PeerOutbox } from './peer-outbox.ts'
import type { PinsCheck } from './pins.ts'
import type { Log, Mailbox, Metrics, Party } from './ports.ts'

const helloEvery = 2_000

export const partyOf = (node: number): Party => `node${node}` as Party

export interface PeersOptions {
  self: number
  channels: Channels
  pins: PinsCheck
  mailbox: Mailbox
  /** What this program says of itself, for the message about another version. */
  version: string
  protocol: number
  now: () => number
  log: Log
  metrics: Metrics
  /** A peer's process that was not known before, with or without a channel. */
  onNewBoot: (peer: number) => void
  onMessage: (from: number, message: PeerMessage) => void
}

/** The other two nodes: greetings, channels, and what is said through them. */
export class Peers {
  readonly indexes: readonly number[]
  readonly #options: PeersOptions
  readonly #outbox: PeerOutbox
  #helloAt = -helloEvery

  constructor(options: PeersOptions) {
    this.#options = options
    this.indexes = [0, 1, 2].filter(node => node !== options.self)
    this.#outbox = new PeerOutbox((to, messages) => {
      const sealed = options.channels.seal(to, messages)
      if (sealed !== undefined) this.post(partyOf(to), sealed)
    })
  }

  /** The index of a peer by its name on the broker. */
  indexOf(sender: Party): number | undefined {
    return this.indexes.find(node => partyOf(node) === sender)
  }

  post(to: Party, envelope: Envelope): void {
    this.#options.mailbox.send(to, encodeEnvelope(envelope))
  }

  send(to: number, message: PeerMessage): void {
    this.#outbox.send(to, message)
  }

  sendAll(message: PeerMessage): void {
    for (const peer of this.indexes) this.send(peer, message)
  }

  receiveHello(from: number, hello: EnvelopeOf<'hello'>): void {
    const { self, channels, pins, log, metrics, now, onNewBoot } = this.#options
    const result = channels.receiveHello(from, hello)
    if (result === 'refused') {
      metrics.count('hello_refused')
      const shown = pins.show(from, now())
      if (shown !== undefined) this.post(partyOf(from), { type: 'pins', node: self, pins: shown })
      return
    }
    pins.agree(from)
    if (result === 'known') {
      if (channels.unknownTo(hello)) this.post(partyOf(from), channels.hello())
      return
    }
    const boot = bootName(hello.bootId)
    if (result === 'new') log('info', 'channel to peer opened', { peer: from, boot })
    else log('error', this.#otherVersionOf(from) ?? '', { peer: from, boot })
    this.post(partyOf(from), channels.hello())
    onNewBoot(from)
  }

  receiveSealed(from: number, envelope: EnvelopeOf<'sealed'>): void {
    const { channels, metrics, onMessage } = this.#options
    const messages = channels.open(from, envelope)
    // Q3: never a failure.
    if (messages === undefined) metrics.count('sealed_dropped')
    for (const message of messages ?? []) onMessage(from, message)
  }

  /** C5: why there is no channel to a peer that runs something else, for log and status. */
  get otherVersions(): string[] {
    return this.indexes.flatMap(node => this.#otherVersionOf(node) ?? [])
  }

  tick(): void {
    const { channels, now } = this.#options
    const at = now()
    if (at - this.#helloAt < helloEvery) return
    this.#helloAt = at
    for (const node of this.indexes) this.post(partyOf(node), channels.hello())
  }

  #otherVersionOf(node: number): string | undefined {
    const { channels, version, protocol } = this.#options
    const other = channels.otherVersionOf(node)
    return (
      other &&
      `node ${node} runs version ${other.version} (protocol ${other.protocol}), this node ${version} (protocol ${protocol}): they sign nothing together`
    )
  }
}
