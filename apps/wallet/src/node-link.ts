import type { NodeIndex } from '@trivault/ledger'
import {
  type Answer,
  type AnswerOf,
  decodeEnvelope,
  type Envelope,
  encodeEnvelope,
  type NodeEvent,
  type Query,
} from '@trivault/protocol'
import { ServiceError } from './service.ts'

/** The part of the bus that the wallet uses. */
export interface Bus {
  send(to: string, bytes: Uint8Array): boolean
  onMessage(handler: (from: string, bytes: Uint8Array) => void): unknown
}

export interface NodeLinkHandlers {
  ledger(node: NodeIndex, body: Uint8Array): void
  event(node: NodeIndex, event: NodeEvent): void
  malformed(from: string): void
}

type AnswerTo<T extends Query['type']> = AnswerOf<T extends 'hold' ? 'held' : Exclude<T, 'hold'>>

const nodes: readonly NodeIndex[] = [0, 1, 2]
const queryTimeout = 5_000

/** The wallet's line to the three nodes: log messages, queries with a time limit, and what nodes tell unasked. */
export class NodeLink {
  readonly #bus: Bus
  readonly #open = new Map<number, (answer: Answer) => void>()
  #nextId = 1

  constructor(bus: Bus, handlers: NodeLinkHandlers) {
    this.#bus = bus
    bus.onMessage((from, raw) => {
      const node = nodes.find(index => from === `node${index}`)
      if (node === undefined) return
      let envelope: Envelope
      try {
        envelope = decodeEnvelope(raw)
      } catch {
        handlers.malformed(from)
        return
      }
      if (envelope.type === 'ledger') handlers.ledger(node, envelope.body)
      else if (envelope.type === 'event') handlers.event(node, envelope.event)
      else if (envelope.type === 'answer') this.#open.get(envelope.id)?.(envelope.answer)
    })
  }

  /** Hands a message of the log to a node; it may be lost. */
  sendLedger(node: NodeIndex, body: Uint8Array): void {
    this.#bus.send(`node${node}`, encodeEnvelope({ type: 'ledger', node: 255, body }))
  }

  /** Throws `ServiceError` unavailable when the node does not answer, bad-request when it refuses. */
  query<T extends Query['type']>(node: NodeIndex, query: Extract<Query, { type: T }>): Promise<AnswerTo<T>> {
    const id = this.#nextId
    this.#nextId = (this.#nextId % 0xffff_ffff) + 1
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#open.delete(id)
        reject(new ServiceError('unavailable', `Policy Node ${node} does not answer`))
      }, queryTimeout)
      this.#open.set(id, answer => {
        clearTimeout(timer)
        this.#open.delete(id)
        const wanted = query.type === 'hold' ? 'held' : query.type
        if (answer.type === wanted) resolve(answer as AnswerTo<T>)
        else
          reject(
            new ServiceError(
              'bad-request',
              answer.type === 'refused' ? answer.message : 'the node gave another kind of answer',
            ),
          )
      })
      this.#bus.send(`node${node}`, encodeEnvelope({ type: 'query', id, query }))
    })
  }

  /** Answers of all nodes; undefined for those that are silent. */
  async queryAll<T extends Query['type']>(query: Extract<Query, { type: T }>): Promise<(AnswerTo<T> | undefined)[]> {
    return Promise.all(nodes.map(node => this.query(node, query).catch(() => undefined)))
  }
}
