import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { utf8 } from '@trivault/codec'
import { Committee, createVoteRecord, decodeMessage, type LedgerMessage, type NodeIndex } from '@trivault/ledger'
import { type Node, type NodeSecret, type Party, startNode } from '@trivault/node-core'
import {
  adminSignerOf,
  decodeEnvelope,
  encodeEnvelope,
  type Genesis,
  type NodeEvent,
  sha256,
  vaultIdOf,
} from '@trivault/protocol'
import {
  type MailboxHub,
  mailboxHub,
  memoryAnchor,
  memoryHolds,
  memoryQuarantine,
  memoryRecords,
} from '../../packages/node-core/src/testing/memory.ts'

export const indexes: readonly NodeIndex[] = [0, 1, 2]

export const secretOf = (node: number): NodeSecret => ({
  encryptorMasterPassword: sha256(utf8(`password ${node}`)),
  identitySeed: sha256(utf8(`node ${node}`)),
  adminKey: adminSignerOf(sha256(utf8(`admin ${node}`))).adminKey,
})

/** A node's signature, as the test knows its identity: for forgeries in the name of one node. */
export function nodeSign(node: number, message: Uint8Array): Uint8Array {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secretOf(node).identitySeed])
  return new Uint8Array(sign(null, message, createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })))
}

/** RSA-3072, as of a real ceremony: SPKI DER. */
export function newErsKey(): Uint8Array {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
  return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
}

export interface NodesOptions {
  genesis: Genesis
  ersPublicKey: Uint8Array
  /** Milliseconds since 1970, for node `index`. */
  clock: (index: NodeIndex) => number
  /** What one node told the wallet that is not about the log. */
  onEvent: (node: NodeIndex, event: NodeEvent) => void
}

type Waiting = (message: LedgerMessage) => boolean

/** Three real nodes on one in-memory broker, and the wallet's end of it. */
export class Nodes {
  readonly hub: MailboxHub
  readonly #nodes: Node[] = []
  readonly #waiting: Waiting[][] = [[], [], []]
  /** Everything that nodes said about the log, for whoever collects votes. */
  onLedger: (node: NodeIndex, message: LedgerMessage) => void = () => {}

  private constructor() {
    this.hub = mailboxHub()
  }

  static async start({ genesis, ersPublicKey, clock, onEvent }: NodesOptions): Promise<Nodes> {
    const nodes = new Nodes()
    const committee = new Committee(vaultIdOf(genesis), genesis.identityKeys)
    nodes.hub.mailbox('wallet').onMessage((from, raw) => {
      const node = indexes.find(index => from === `node${index}`)
      const envelope = decodeEnvelope(raw)
      if (node === undefined) return
      if (envelope.type === 'event') onEvent(node, envelope.event)
      if (envelope.type !== 'ledger') return
      const message = decodeMessage(envelope.body)
      nodes.onLedger(node, message)
      const waiting = nodes.#waiting[node] ?? []
      nodes.#waiting[node] = waiting.filter(takes => !takes(message))
    })
    for (const index of indexes)
      nodes.#nodes.push(
        await startNode({
          index,
          genesis,
          secret: secretOf(index),
          ersPublicKey,
          records: memoryRecords(),
          mailbox: nodes.hub.mailbox(`node${index}`),
          anchor: memoryAnchor(createVoteRecord(committee, index)),
          quarantine: memoryQuarantine(),
          holds: memoryHolds(),
          clock: () => clock(index),
          random: length => new Uint8Array(randomBytes(length)),
          log: () => {},
          metrics: { count: () => {}, gauge: () => {}, observe: () => {} },
          version: 'test',
        }),
      )
    return nodes
  }

  node(index: NodeIndex): Node {
    const node = this.#nodes[index]
    if (node === undefined) throw new RangeError(`no node ${index}`)
    return node
  }

  tick(): void {
    for (const node of this.#nodes) node.tick()
  }

  send(node: NodeIndex, body: Uint8Array): void {
    this.inject('wallet', `node${node}`, encodeEnvelope({ type: 'ledger', node: 255, body }))
  }

  /** The broker gives `to` these bytes in the name of `from`. */
  inject(from: Party, to: Party, raw: Uint8Array): void {
    this.hub.mailbox(from).send(to, raw)
  }

  /** The first message of a node that `fits`. */
  answer(node: NodeIndex, fits: (message: LedgerMessage) => boolean): Promise<LedgerMessage> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`node ${node} does not answer`)), 10_000)
      this.#waiting[node]?.push(message => {
        if (!fits(message)) return false
        clearTimeout(timer)
        resolve(message)
        return true
      })
    })
  }
}
