import type { Duplex } from 'node:stream'
import { ed25519 } from '@noble/curves/ed25519.js'
import { AttestationError } from '@trivault/attestation'
import { CodecError, decode, equalBytes } from '@trivault/codec'
import { Committee, createVoteRecord, LedgerError, type NodeIndex } from '@trivault/ledger'
import { genesisCodec, vaultIdOf } from '@trivault/protocol'
import { carryOutReleases, ordersOf } from './admin-orders.ts'
import { openAdminStore, untilReachable } from './admin-store.ts'
import { NodeError } from './errors.ts'
import { LinkError } from './link.ts'
import { type HostLink, type Init, openHostLink } from './link-client.ts'
import type { Node, NodeOptions } from './node.ts'
import type { AdminStore, Metrics } from './ports.ts'
import { recreateIfOrdered } from './recreate.ts'
import { releaseSecret } from './release.ts'
import { identityKeyOf } from './secret.ts'

const TICK_MS = 250
const METRICS_EVERY_TICKS = 20
const RECREATE_EVERY_MS = 250
const RECREATE_PATIENCE_MS = 20_000

export interface CoreOptions {
  /** The link to the host. */
  stream: Duplex
  startNode: (options: NodeOptions) => Promise<Node>
  clock: () => number
  /** The operating system's random source. */
  random: (length: number) => Uint8Array
  version: string
  /** Done before the host hears that the core is ready; must not throw. */
  warmUp: () => Promise<void>
  /** This process's memory and processor use, for its metrics. */
  usage: () => { residentBytes: number; cpuSeconds: number }
}

/**
 * The life of a core: takes its start from the host, has its secret released, checks that it is the pinned one and that its admin
 * signed the pins, opens the anchor, runs the node until the link is over. Returns the exit code: 0 after a stop that the host asked for.
 */
export async function runCore(options: CoreOptions): Promise<number> {
  const link = openHostLink({ stream: options.stream })
  let timer: NodeJS.Timeout | undefined
  try {
    const running = startCore(options, link)
    const early = await Promise.race([running.then(() => undefined), link.over])
    if (early !== undefined) return early === 'stop' ? 0 : 1
    const { node, identityKey } = await running
    let ticks = 0
    timer = setInterval(() => {
      node.tick()
      if (ticks++ % METRICS_EVERY_TICKS === 0) measure(link.metrics, options)
    }, TICK_MS)
    const over = await Promise.race([options.warmUp(), link.over])
    if (over !== undefined) return over === 'stop' ? 0 : 1
    link.ready(identityKey)
    return (await link.over) === 'stop' ? 0 : 1
  } catch (error) {
    await link.fatal(reasonOf(error))
    return 1
  } finally {
    clearInterval(timer)
    link.close()
  }
}

async function startCore(options: CoreOptions, link: HostLink): Promise<{ node: Node; identityKey: Uint8Array }> {
  const { startNode, clock, random, version } = options
  const init = await link.init
  const index = nodeIndex(init)
  const genesis = decode(genesisCodec, init.genesis)
  const secret = await releaseSecret({
    attestation: link.attestation,
    kms: link.kms,
    sealed: init.secret,
    deploymentId: genesis.deploymentId,
    index,
    random,
  })
  const identityKey = identityKeyOf(secret)
  if (!equalBytes(identityKey, genesis.identityKeys[index] ?? new Uint8Array(0)))
    throw new NodeError('wrong-identity', `the secret is not the one of node ${index}'s pinned card`)
  const { foundingEpoch, recreate, releases } = ordersOf({ statements: init.statements, genesis, index, secret })
  const { records, mailbox, log, metrics, openPipe } = link
  const store = await openAdminStore({ secret, directory: init.anchor, openPipe, clock, random })
  await untilReachable(store, log, link.over)
  const { votes: anchor, quarantine, holds } = store
  const { ersPublicKey } = init
  const committee = new Committee(vaultIdOf(genesis), genesis.identityKeys)
  if (recreate !== undefined)
    await recreateIfOrdered({
      ...{ order: recreate, votes: anchor, committee, mailbox, log },
      signer: { node: index, sign: message => ed25519.sign(message, secret.identitySeed) },
      every: RECREATE_EVERY_MS,
      patience: RECREATE_PATIENCE_MS,
    })
  await beginVoting(anchor, committee, index)
  await carryOutReleases(quarantine, releases, log)
  const node = await startNode({
    ...{
      index,
      genesis,
      secret,
      ersPublicKey,
      records,
      mailbox,
      anchor,
      quarantine,
      holds,
      clock,
      random,
      log,
      metrics,
      version,
      foundingEpoch,
    },
  })
  return { node, identityKey }
}

/** Where the node never ran, the first vote record of this vault. */
async function beginVoting(anchor: AdminStore['votes'], committee: Committee, index: NodeIndex): Promise<void> {
  const row = await anchor.load()
  if (row?.version !== 0) return
  const first = createVoteRecord(committee, index)
  if (!(await anchor.compareAndSet(0, { ...first, version: 1 })))
    throw new LedgerError('anchor', 'another process of this node uses the anchor')
}

function nodeIndex({ index }: Init): NodeIndex {
  if (index === 0 || index === 1 || index === 2) return index
  throw new LinkError('malformed', `there is no node ${index}`)
}

function measure(metrics: Metrics, { usage }: CoreOptions): void {
  const { residentBytes, cpuSeconds } = usage()
  metrics.gauge('core_resident_memory_bytes', residentBytes)
  metrics.gauge('core_cpu_seconds', cpuSeconds)
}

/** One line for the admin. Messages of our own errors hold no secret; of others only the kind is told. */
function reasonOf(error: unknown): string {
  if (error instanceof CodecError) return `the pins are not readable: ${error.message}`
  const own = [NodeError, LedgerError, LinkError, AttestationError].some(kind => error instanceof kind)
  if (own && error instanceof Error) return error.message
  const kind = error instanceof Error ? error.name : 'unknown error'
  const code = error instanceof Error && 'code' in error ? ` ${error.code}` : ''
  return `the node could not start: ${kind}${code}`
}
