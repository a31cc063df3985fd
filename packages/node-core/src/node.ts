import { equalBytes } from '@trivault/codec'
import { type Anchor, Committee, type NodeIndex, type Output, Voter } from '@trivault/ledger'
import { ed25519Engine, engine, PROTOCOL_VERSION } from '@trivault/mpc'
import {
  decodeEnvelope,
  type Envelope,
  type EnvelopeOf,
  type FoundingEpoch,
  type Genesis,
  type NodeEvent,
  type PeerMessage,
  type SignedHold,
  sha256,
  vaultIdOf,
} from '@trivault/protocol'
import { type VaultState, vaultMachine } from '@trivault/vault-state'
import { CertifiedWork } from './certified-work.ts'
import { bootName, Channels } from './channel.ts'
import { openEntryStore } from './entry-store.ts'
import { NodeError, reasonOf } from './errors.ts'
import { endorsementOf } from './founding-epoch.ts'
import { Holds } from './holds.ts'
import { signerOf } from './identity-signer.ts'
import { JointSessions } from './joint-sessions.ts'
import { KeyGeneration } from './key-generation.ts'
import { KeyShares } from './key-shares.ts'
import { LogInbox } from './log-inbox.ts'
import { nativeVerifiers } from './native-verifiers.ts'
import { Pairs } from './pairs.ts'
import { Peers, partyOf } from './peers.ts'
import { PinsCheck } from './pins.ts'
import type { HoldStore, Log, Mailbox, Metrics, NodeSecret, Party, QuarantineStore, Records } from './ports.ts'
import { Quarantine } from './quarantine.ts'
import { Queries, type Status } from './queries.ts'
import { SealedRecords } from './sealed-records.ts'
import { identityKeyOf } from './secret.ts'
import { SigningCoordinator } from './signer.ts'
import { steadyClock } from './steady-clock.ts'

export interface NodeOptions {
  index: NodeIndex
  genesis: Genesis
  secret: NodeSecret
  /** SPKI DER of the ERS public key; must have the pinned fingerprint. */
  ersPublicKey: Uint8Array
  records: Records
  mailbox: Mailbox
  anchor: Anchor
  quarantine: QuarantineStore
  holds: HoldStore
  /** Milliseconds since 1970. */
  clock: () => number
  /** The operating system's random source. */
  random: (length: number) => Uint8Array
  log: Log
  metrics: Metrics
  version: string
  /** New owners that this node's admin pinned after a lost quorum. */
  foundingEpoch?: FoundingEpoch | undefined
}

export interface Node {
  status(): Status
  /** Drives time-outs and greetings; call it every 250 ms. */
  tick(): void
}

const remindEvery = 5_000

/** A Policy Node: judges entries, votes, and signs what three nodes certified. Throws `NodeError`, `LedgerError`. */
export async function startNode(options: NodeOptions): Promise<Node> {
  const { index: self, genesis, secret, ersPublicKey, mailbox, clock, random, log, metrics, version } = options
  const vaultId = vaultIdOf(genesis)
  // N1.
  if (!equalBytes(identityKeyOf(secret), genesis.identityKeys[self] ?? new Uint8Array()))
    throw new NodeError('wrong-identity', `the secret is not the one of node ${self}'s card`)
  // N2.
  if (!equalBytes(sha256(ersPublicKey), genesis.ersFingerprint))
    throw new NodeError('wrong-ers-key', 'the ERS public key does not have the pinned fingerprint')

  const { encryptorMasterPassword, identitySeed } = secret
  const sign = signerOf(identitySeed)
  const now = steadyClock(clock)
  const records = new SealedRecords({ records: options.records, encryptorMasterPassword, vaultId, node: self, random })
  const shares = new KeyShares(records)
  const quarantine = await Quarantine.open({ store: options.quarantine, log, random })
  const pins = new PinsCheck(genesis, log)
  const channels = new Channels({
    self,
    vaultId,
    identityKeys: genesis.identityKeys,
    identitySeed,
    bootTime: clock(),
    protocol: PROTOCOL_VERSION,
    version,
    random,
  })
  const peers = new Peers({
    self,
    channels,
    pins,
    mailbox,
    version,
    protocol: PROTOCOL_VERSION,
    now,
    log,
    metrics,
    onNewBoot: peer => {
      sessions.forgetPeer(peer)
      pairs.connect(peer)
    },
    onMessage: (from, message) => receive(from, message),
  })
  const send = (to: number, message: PeerMessage): void => peers.send(to, message)
  const tell = (event: NodeEvent): void => peers.post('wallet', { type: 'event', node: self, event })
  const tellAll = (hold: SignedHold): void => {
    peers.sendAll({ type: 'hold', ...hold })
    tell({ type: 'held', ...hold })
  }
  const holds = await Holds.open({ store: options.holds, log, tell: tellAll })
  let voter: Voter<VaultState> | undefined
  /** S5: a node that is behind, was restored or halted neither votes nor signs (L8). */
  const mayRun = (): boolean => voter?.status().phase === 'voting'

  const sessions = new JointSessions({ self, vaultId, random, now, send, log, metrics })
  const pairs = new Pairs({
    self,
    sessions,
    random,
    bootOf: node => channels.bootOf(node),
    ownBoot: channels.bootId,
    quarantine,
    clock,
    log,
    onReady: () => sessions.tick(),
  })
  const keys = new KeyGeneration({
    self,
    vaultId,
    identitySeed,
    ersPublicKey,
    sessions,
    shares,
    records,
    random,
    now,
    send,
    log,
    mayRun,
    mayGenerate: () => mayRun() && quarantine.peers.length === 0,
    retry: () => work.retry(),
    accuse: (failure, where) => pairs.accuse(failure, where),
    release: (report, signature) => tell({ type: 'keyReport', report, signature }),
  })
  const signer = new SigningCoordinator({
    self,
    vaultId,
    sign,
    sessions,
    pairs,
    shares,
    records,
    random,
    log,
    metrics,
    now: clock,
    mayRun: id => mayRun() && voter !== undefined && holds.stops(voter.state, id) === undefined,
    release: (operationId, part, variant, signature) => tell({ type: 'signed', operationId, part, variant, signature }),
    releaseFailure: failure => tell({ type: 'failed', ...failure }),
  })
  const work = new CertifiedWork<VaultState>({
    now,
    log,
    take: async state => {
      const results = await Promise.allSettled([
        keys.follow(state),
        signer.follow(state),
        // Only the newest state of a node that is not behind can tell that a hold is logged or void.
        mayRun() ? holds.follow(voter?.state ?? state) : undefined,
      ])
      for (const result of results) if (result.status === 'rejected') throw result.reason
    },
  })

  // N3: opening replays the stored entries: seal, certificate, fold.
  const opened = await Voter.open<VaultState>({
    committee: new Committee(vaultId, genesis.identityKeys),
    machine: vaultMachine(genesis, nativeVerifiers()),
    store: await openEntryStore(records),
    onCertified: ({ entry, state }) => {
      metrics.gauge('log_height', entry.seq)
      work.follow(state)
    },
    signer: { node: self, sign },
    anchor: options.anchor,
    clock,
    pendingHold: (state, commands) => holds.missing(state, commands),
  })
  voter = opened
  const { phase, reason, head } = opened.status()
  log(phase === 'voting' ? 'info' : 'warn', 'certified log opened', {
    phase,
    reason,
    seq: head.seq,
    boot: bootName(channels.bootId),
    engine,
    ed25519Engine,
  })
  metrics.gauge('log_height', head.seq)
  reportEngines(log, metrics)

  /** A hold from a peer: it has judged it by its own state, this node does so by its own. */
  const receiveHold = ({ type: _, ...hold }: Extract<PeerMessage, { type: 'hold' }>): void => {
    holds
      .bring(opened.state, hold)
      .catch((error: unknown) => log('info', 'a hold of a peer was not taken', { reason: reasonOf(error) }))
  }
  const receive = (from: number, message: PeerMessage): void => {
    if (message.type === 'join') sessions.receiveJoin(from, message)
    else if (message.type === 'frame') sessions.receiveFrame(from, message.session, message.frame)
    else if (message.type === 'hold') receiveHold(message)
    else work.run('taking a backup', () => keys.receive(from, message))
  }

  const emit =
    (sender: Party) =>
    ({ to, message }: Output): void => {
      const envelope: Envelope = { type: 'ledger', node: self, body: message }
      if (to === 'sender') peers.post(sender, envelope)
      else
        for (const party of [...peers.indexes.map(partyOf), ...(to === 'all' ? (['wallet'] as const) : [])])
          peers.post(party, envelope)
    }

  const queries = new Queries({
    self,
    version,
    voter: opened,
    holds,
    peers,
    pins,
    pairs,
    sessions,
    keys,
    signer,
    sign,
    log,
  })
  const receiveQuery = (from: Party, { id, query }: EnvelopeOf<'query'>): void => {
    queries
      .answer(query)
      .then(answer => peers.post(from, { type: 'answer', id, node: self, answer }))
      .catch(() => log('error', 'answer could not be sent'))
  }

  const inbox = new LogInbox<(output: Output) => void>({
    handle: (body, send) => opened.handle(body, send),
    log,
    metrics,
  })
  mailbox.onMessage((from, raw) => {
    let envelope: Envelope
    try {
      envelope = decodeEnvelope(raw)
    } catch {
      metrics.count('messages_malformed')
      return
    }
    const peer = peers.indexOf(from)
    if (envelope.type === 'ledger') inbox.take(envelope.body, emit(from))
    else if (envelope.type === 'query') receiveQuery(from, envelope)
    else if (peer !== undefined && envelope.type === 'hello') peers.receiveHello(peer, envelope)
    else if (peer !== undefined && envelope.type === 'sealed') peers.receiveSealed(peer, envelope)
    else if (peer !== undefined && envelope.type === 'pins') pins.receive(peer, envelope.pins)
    else metrics.count('messages_unexpected')
  })

  work.follow(opened.state)
  let remindedAt = 0
  return {
    status: () => queries.status(),
    tick() {
      peers.tick()
      work.tick(opened.state)
      pairs.tick()
      sessions.tick()
      keys.tick()
      signer.tick()
      quarantine.tick()
      const at = now()
      if (at - remindedAt >= remindEvery) {
        remindedAt = at
        holds.remind()
        const endorsement = endorsementOf(opened.state, options.foundingEpoch, sign)
        if (endorsement !== undefined) tell(endorsement)
      }
      metrics.gauge('open_sessions', sessions.live)
    },
  }
}

function reportEngines(log: Log, metrics: Metrics): void {
  for (const [curve, loaded] of Object.entries({ secp256k1: engine, ed25519: ed25519Engine })) {
    metrics.gauge('engine_info', 1, { curve, engine: loaded })
    if (loaded === 'fallback')
      log('warn', 'no native build of the curve was loaded: the JavaScript fallback signs, many times slower', {
        curve,
      })
  }
}
