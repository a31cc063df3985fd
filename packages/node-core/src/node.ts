import { ed25519 } from '@noble/curves/ed25519.js'
import { equalBytes } from '@trivault/codec'
import { type Anchor, type Certified, Committee, type NodeIndex, type Output, Voter } from '@trivault/ledger'
import { ed25519Engine, engine, PROTOCOL_VERSION } from '@trivault/mpc'
import {
  type Answer,
  decodeEnvelope,
  type Envelope,
  type EnvelopeOf,
  encodeEnvelope,
  type FoundingEpoch,
  type Genesis,
  type NodeEvent,
  type PeerMessage,
  type Query,
  type SignedHold,
  sha256,
  VaultError,
  vaultIdOf,
  viewDigest,
} from '@trivault/protocol'
import { activeMasterKeyOf, type VaultState, vaultMachine } from '@trivault/vault-state'
import { bootName, Channels } from './channel.ts'
import { openEntryStore } from './entry-store.ts'
import { NodeError, reasonOf } from './errors.ts'
import { endorsementOf } from './founding-epoch.ts'
import { Holds } from './holds.ts'
import { JointSessions } from './joint-sessions.ts'
import { KeyGeneration } from './key-generation.ts'
import { KeyShares } from './key-shares.ts'
import { nativeVerifiers } from './native-verifiers.ts'
import { Pairs } from './pairs.ts'
import { PeerOutbox } from './peer-outbox.ts'
import { PinsCheck } from './pins.ts'
import type { HoldStore, Log, Mailbox, Metrics, NodeSecret, Party, QuarantineStore, Records } from './ports.ts'
import { Quarantine } from './quarantine.ts'
import { SealedRecords } from './sealed-records.ts'
import { identityKeyOf } from './secret.ts'
import { SigningCoordinator } from './signer.ts'
import { viewOf } from './views.ts'

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
  status(): Extract<Answer, { type: 'status' }>
  /** Drives time-outs and greetings; call it every 250 ms. */
  tick(): void
}

const helloEvery = 2_000
const retryEvery = 2_000
const remindEvery = 5_000
/** A jump of the wall clock counts as no more than this. */
const longestTick = 5_000
const peersOf = (self: number): number[] => [0, 1, 2].filter(node => node !== self)
const party = (node: number): Party => `node${node}` as Party

/** A Policy Node: judges entries, votes, and signs what three nodes certified. Throws `NodeError`, `LedgerError`. */
export async function startNode(options: NodeOptions): Promise<Node> {
  const { index: self, genesis, secret, ersPublicKey, mailbox, clock, random, log, metrics } = options
  const vaultId = vaultIdOf(genesis)
  // N1.
  if (!equalBytes(identityKeyOf(secret), genesis.identityKeys[self] ?? new Uint8Array()))
    throw new NodeError('wrong-identity', `the secret is not the one of node ${self}'s card`)
  // N2.
  if (!equalBytes(sha256(ersPublicKey), genesis.ersFingerprint))
    throw new NodeError('wrong-ers-key', 'the ERS public key does not have the pinned fingerprint')

  const { encryptorMasterPassword, identitySeed } = secret
  const records = new SealedRecords({ records: options.records, encryptorMasterPassword, vaultId, node: self, random })
  const channels = new Channels({
    self,
    vaultId,
    identityKeys: genesis.identityKeys,
    identitySeed,
    bootTime: clock(),
    protocol: PROTOCOL_VERSION,
    version: options.version,
    random,
  })
  const committee = new Committee(vaultId, genesis.identityKeys)
  const pins = new PinsCheck(genesis, log)
  const quarantine = await Quarantine.open(options.quarantine, log)
  const holds = await Holds.open({ store: options.holds, log, tell: hold => tellAll(hold) })
  const sign = (message: Uint8Array): Uint8Array => ed25519.sign(message, identitySeed)
  const shares = new KeyShares(records)
  let voter: Voter<VaultState> | undefined
  let workQueue: Promise<void> = Promise.resolve()
  /** Milliseconds that never go back, however the wall clock is set. */
  let steady = 0
  let lastClock = clock()
  const now = (): number => {
    const reading = clock()
    steady += Math.min(Math.max(reading - lastClock, 0), longestTick)
    lastClock = reading
    return steady
  }
  let helloAt = -helloEvery
  let remindedAt = 0

  const post = (to: Party, envelope: Envelope): void => mailbox.send(to, encodeEnvelope(envelope))
  const tell = (event: NodeEvent): void => post('wallet', { type: 'event', node: self, event })
  const outbox = new PeerOutbox((to, messages) => {
    const sealed = channels.seal(to, messages)
    if (sealed !== undefined) post(party(to), sealed)
  })
  const send = (to: number, message: PeerMessage): void => outbox.send(to, message)
  const tellAll = (hold: SignedHold): void => {
    for (const peer of peersOf(self)) send(peer, { type: 'hold', ...hold })
    tell({ type: 'held', ...hold })
  }
  /** S5: a node that is behind, was restored or halted neither votes nor signs (L8). */
  const mayRun = (): boolean => voter?.status().phase === 'voting'
  const guarded = (what: string, work: () => Promise<void>, failed = (): void => {}): void => {
    workQueue = workQueue.then(work).catch((error: unknown) => {
      log('error', `${what} failed`, { reason: reasonOf(error) })
      failed()
    })
  }

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
    retry: () => {
      retryAt = now() + retryEvery
    },
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

  /** The newest state that is not taken up yet: older ones need not be. */
  let waiting: VaultState | undefined
  let retryAt: number | undefined
  const follow = (state: VaultState): void => {
    const isQueued = waiting !== undefined
    waiting = state
    if (isQueued) return
    const taken = (): VaultState => {
      const newest = waiting ?? state
      waiting = undefined
      return newest
    }
    const later = () => {
      retryAt = now() + retryEvery
    }
    guarded(
      'taking up certified work',
      async () => {
        const newest = taken()
        const results = await Promise.allSettled([
          keys.follow(newest),
          signer.follow(newest),
          // Only the newest state of a node that is not behind can tell that a hold is logged or void.
          mayRun() ? holds.follow(voter?.state ?? newest) : undefined,
        ])
        for (const result of results) if (result.status === 'rejected') throw result.reason
      },
      later,
    )
  }
  const onCertified = (certified: Certified<VaultState>): void => {
    metrics.gauge('log_height', certified.entry.seq)
    follow(certified.state)
  }

  // N3: opening replays the stored entries: seal, certificate, fold.
  voter = await Voter.open<VaultState>({
    committee,
    machine: vaultMachine(genesis, nativeVerifiers()),
    store: await openEntryStore(records),
    onCertified,
    signer: { node: self, sign },
    anchor: options.anchor,
    clock,
    pendingHold: (state, commands) => holds.missing(state, commands),
  })
  const { phase, reason, head } = voter.status()
  log(phase === 'voting' ? 'info' : 'warn', 'certified log opened', {
    phase,
    reason,
    seq: head.seq,
    boot: bootName(channels.bootId),
    engine,
    ed25519Engine,
  })
  metrics.gauge('log_height', head.seq)
  for (const [curve, loaded] of Object.entries({ secp256k1: engine, ed25519: ed25519Engine })) {
    metrics.gauge('engine_info', 1, { curve, engine: loaded })
    if (loaded === 'fallback')
      log('warn', 'no native build of the curve was loaded: the JavaScript fallback signs, many times slower', {
        curve,
      })
  }

  const opened = voter
  const emit =
    (sender: Party) =>
    (output: Output): void => {
      const envelope: Envelope = { type: 'ledger', node: self, body: output.message }
      if (output.to === 'sender') post(sender, envelope)
      else
        for (const to of [...peersOf(self).map(party), ...(output.to === 'all' ? (['wallet'] as const) : [])])
          post(to, envelope)
    }

  /** C5: the refusal of a peer that runs something else, for log and status. */
  const otherVersion = (node: number): string | undefined => {
    const other = channels.otherVersionOf(node)
    return (
      other &&
      `node ${node} runs version ${other.version} (protocol ${other.protocol}), this node ${options.version} (protocol ${PROTOCOL_VERSION}): they sign nothing together`
    )
  }

  const receiveHello = (from: number, hello: EnvelopeOf<'hello'>): void => {
    const result = channels.receiveHello(from, hello)
    if (result === 'refused') {
      metrics.count('hello_refused')
      const shown = pins.show(from, now())
      if (shown !== undefined) post(party(from), { type: 'pins', node: self, pins: shown })
      return
    }
    pins.agree(from)
    if (result === 'other-version') {
      log('error', otherVersion(from) ?? '', { peer: from, boot: bootName(hello.bootId) })
      post(party(from), channels.hello())
      sessions.forgetPeer(from)
      pairs.connect(from)
    } else if (result === 'new') {
      log('info', 'channel to peer opened', { peer: from, boot: bootName(hello.bootId) })
      post(party(from), channels.hello())
      sessions.forgetPeer(from)
      pairs.connect(from)
    } else if (channels.unknownTo(hello)) post(party(from), channels.hello())
  }

  /** From a peer: it has judged it by its own state, this node does so by its own. */
  const receiveHold = ({ type: _, ...hold }: Extract<PeerMessage, { type: 'hold' }>): void => {
    holds
      .bring(opened.state, hold)
      .catch((error: unknown) => log('info', 'a hold of a peer was not taken', { reason: reasonOf(error) }))
  }

  const receiveSealed = (from: number, envelope: EnvelopeOf<'sealed'>): void => {
    const messages = channels.open(from, envelope)
    // Q3: never a failure.
    if (messages === undefined) metrics.count('sealed_dropped')
    for (const message of messages ?? []) {
      if (message.type === 'join') sessions.receiveJoin(from, message)
      else if (message.type === 'frame') sessions.receiveFrame(from, message.session, message.frame)
      else if (message.type === 'hold') receiveHold(message)
      else guarded('taking a backup', () => keys.receive(from, message))
    }
  }

  const status = (): Extract<Answer, { type: 'status' }> => {
    const voting = opened.status()
    return {
      type: 'status',
      phase: voting.phase,
      reason:
        [voting.reason, holds.stops(opened.state, ''), pins.reason, ...peersOf(self).map(otherVersion)].find(Boolean) ??
        '',
      seq: voting.head.seq,
      hash: voting.head.hash,
      version: options.version,
      // Of the two curves, the one that is worse off.
      engine: engine === 'native' ? ed25519Engine : engine,
      peers: pairs.connected,
      quarantined: pairs.quarantined,
      openSessions: sessions.live,
      lastSignatureAt: signer.lastSignatureAt,
    }
  }

  const answer = async (query: Query): Promise<Answer> => {
    switch (query.type) {
      case 'status':
        return status()
      case 'signature': {
        const { operationId, part, variant } = query
        return {
          type: 'signature',
          operationId,
          part,
          variant,
          ...(await signer.result(operationId, part, variant)),
        }
      }
      case 'backups':
        return {
          type: 'backups',
          masterKey: query.masterKey,
          curve: query.curve,
          blobs: await keys.backups(activeMasterKeyOf(opened.state, query.masterKey), query.curve),
        }
      case 'hold': {
        const { type: _, ...hold } = query
        await holds.bring(opened.state, hold)
        return { type: 'held' }
      }
      case 'view': {
        const view = viewOf(opened.state, self, query.operationId, opened.status().head)
        return { type: 'view', view, signature: sign(viewDigest(view)) }
      }
    }
  }

  const receiveQuery = (from: Party, { id, query }: EnvelopeOf<'query'>): void => {
    answer(query)
      .catch((error: unknown): Answer => {
        const isOwn = error instanceof VaultError || error instanceof NodeError
        if (isOwn) return { type: 'refused', code: error.code, message: error.message.slice(0, 500) }
        log('error', 'query failed', { query: query.type, reason: reasonOf(error) })
        return { type: 'refused', code: 'internal-error', message: 'the node could not answer' }
      })
      .then(result => post(from, { type: 'answer', id, node: self, answer: result }))
      .catch(() => log('error', 'answer could not be sent'))
  }

  mailbox.onMessage((from, raw) => {
    let envelope: Envelope
    try {
      envelope = decodeEnvelope(raw)
    } catch {
      metrics.count('messages_malformed')
      return
    }
    const peer = peersOf(self).find(node => party(node) === from)
    if (envelope.type === 'ledger')
      opened
        .handle(envelope.body, emit(from))
        .catch((error: unknown) => log('error', 'log message could not be handled', { reason: reasonOf(error) }))
    else if (envelope.type === 'query') receiveQuery(from, envelope)
    else if (peer !== undefined && envelope.type === 'hello') receiveHello(peer, envelope)
    else if (peer !== undefined && envelope.type === 'sealed') receiveSealed(peer, envelope)
    else if (peer !== undefined && envelope.type === 'pins') pins.receive(peer, envelope.pins)
    else metrics.count('messages_unexpected')
  })

  follow(opened.state)
  return {
    status,
    tick() {
      const at = now()
      if (at - helloAt >= helloEvery) {
        helloAt = at
        for (const node of peersOf(self)) post(party(node), channels.hello())
      }
      if (retryAt !== undefined && at >= retryAt) {
        retryAt = undefined
        follow(opened.state)
      }
      pairs.tick()
      sessions.tick()
      keys.tick()
      signer.tick()
      quarantine.tick()
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
