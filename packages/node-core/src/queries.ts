import type { Voter } from '@trivault/ledger'
import { ed25519Engine, engine } from '@trivault/mpc'
import { type Answer, type Query, VaultError, viewDigest } from '@trivault/protocol'
import { activeMasterKeyOf, type VaultState } from '@trivault/vault-state'
import { NodeError, reasonOf } from './errors.ts'
import type { Holds } from './holds.ts'
import type { JointSessions } from './joint-sessions.ts'
import type { KeyGeneration } from './key-generation.ts'
import type { Pairs } from './pairs.ts'
import type { Peers } from './peers.ts'
import type { PinsCheck } from './pins.ts'
import type { Log } from './ports.ts'
import type { SigningCoordinator } from './signer.ts'
import { viewOf } from './views.ts'

export interface QueriesOptions {
  self: number
  version: string
  voter: Voter<VaultState>
  holds: Holds
  peers: Peers
  pins: PinsCheck
  pairs: Pairs
  sessions: JointSessions
  keys: KeyGeneration
  signer: SigningCoordinator
  sign: (message: Uint8Array) => Uint8Array
  log: Log
}

export type Status = Extract<Answer, { type: 'status' }>

/** What a node answers to whoever asks. Only `hold` changes anything, and it proves itself. */
export class Queries {
  readonly #options: QueriesOptions

  constructor(options: QueriesOptions) {
    this.#options = options
  }

  status(): Status {
    const { voter, holds, pins, peers, pairs, sessions, signer, version } = this.#options
    const voting = voter.status()
    return {
      type: 'status',
      phase: voting.phase,
      reason: [voting.reason, holds.stops(voter.state, ''), pins.reason, ...peers.otherVersions].find(Boolean) ?? '',
      seq: voting.head.seq,
      hash: voting.head.hash,
      version,
      // Of the two curves, the one that is worse off.
      engine: engine === 'native' ? ed25519Engine : engine,
      peers: pairs.connected,
      quarantined: pairs.quarantined,
      openSessions: sessions.live,
      lastSignatureAt: signer.lastSignatureAt,
    }
  }

  /** Never rejects. */
  async answer(query: Query): Promise<Answer> {
    try {
      return await this.#find(query)
    } catch (error) {
      if (error instanceof VaultError || error instanceof NodeError)
        return { type: 'refused', code: error.code, message: error.message.slice(0, 500) }
      this.#options.log('error', 'query failed', { query: query.type, reason: reasonOf(error) })
      return { type: 'refused', code: 'internal-error', message: 'the node could not answer' }
    }
  }

  async #find(query: Query): Promise<Answer> {
    const { self, voter, holds, keys, signer, sign } = this.#options
    switch (query.type) {
      case 'status':
        return this.status()
      case 'signature': {
        const { operationId, part, variant } = query
        return { type: 'signature', operationId, part, variant, ...(await signer.result(operationId, part, variant)) }
      }
      case 'backups': {
        const { masterKey, curve } = query
        const blobs = await keys.backups(activeMasterKeyOf(voter.state, masterKey), curve)
        return { type: 'backups', masterKey, curve, blobs }
      }
      case 'hold': {
        const { type: _, ...hold } = query
        await holds.bring(voter.state, hold)
        return { type: 'held' }
      }
      case 'view': {
        const view = viewOf(voter.state, self, query.operationId, voter.status().head)
        return { type: 'view', view, signature: sign(viewDigest(view)) }
      }
    }
  }
}
