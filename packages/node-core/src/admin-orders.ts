import { CodecError, decode, equalBytes, toHex } from '@trivault/codec'
import {
  type AdminOrder,
  type AdminStatements,
  adminStatementsCodec,
  type FoundingEpoch,
  type Genesis,
  isOrdered,
  quarantineHash,
  type Recreate,
  type Release,
} from '@trivault/protocol'
import { NodeError } from './errors.ts'
import type { Log, NodeSecret, QuarantineStore } from './ports.ts'

/** What the admin of this node ordered, each with the admin's signature; the pins are among it. */
export interface AdminOrders {
  foundingEpoch: FoundingEpoch | undefined
  recreate: Recreate | undefined
  releases: Release[]
}

export interface OrdersOptions {
  /** Canonical `adminStatementsCodec`, as the host hands it over. */
  statements: Uint8Array
  genesis: Genesis
  index: number
  secret: Pick<NodeSecret, 'adminKey'>
}

/**
 * Takes the pins and everything else that the host lays beside the node for the admin's only with the signature of the admin key
 * in the node's secret (SPEC.md, section 2c). Throws `NodeError` not-signed.
 */
export function ordersOf({ statements, genesis, index, secret }: OrdersOptions): AdminOrders {
  const { pins, foundingEpoch, recreate, releases } = readable(statements)
  const check = (order: AdminOrder, signature: Uint8Array | undefined, what: string, remedy: string) => {
    if (signature !== undefined && isOrdered(secret.adminKey, genesis, index, order, signature)) return
    const fault =
      signature === undefined ? 'not signed' : `not signed with the admin key of node ${index} for this vault`
    throw new NodeError('not-signed', `${what} ${fault}: ${remedy}`)
  }
  check({ type: 'pins' }, pins, 'the pins are', "let the node's admin check them and sign them")
  const remedy = "let the node's admin sign it anew or withdraw it"
  if (foundingEpoch !== undefined) {
    const { order, signature } = foundingEpoch
    check({ type: 'founding-epoch', ...order }, signature, `founding epoch ${order.epoch} is`, remedy)
  }
  if (recreate !== undefined) {
    const { order, signature } = recreate
    check({ type: 'recreate', ...order }, signature, `the request for a vote record at entry ${order.seq} is`, remedy)
  }
  for (const { order, signature } of releases)
    check({ type: 'release', ...order }, signature, `the release of node ${order.peer} is`, remedy)
  return {
    ...{ foundingEpoch: foundingEpoch?.order, recreate: recreate?.order },
    releases: releases.map(({ order }) => order),
  }
}

function readable(statements: Uint8Array): AdminStatements {
  try {
    return decode(adminStatementsCodec, statements)
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    const message = `what the host hands over as signed by the node's admin is not readable: ${cause.message}`
    throw new NodeError('not-signed', message, { cause })
  }
}

/** Ends the quarantines that the admin named; a release of another one, or of one that has ended, does nothing. */
export async function carryOutReleases(store: QuarantineStore, releases: readonly Release[], log: Log): Promise<void> {
  for (const { peer, record } of await store.load()) {
    const hash = quarantineHash(peer, record)
    if (!releases.some(release => release.peer === peer && equalBytes(release.quarantine, hash))) continue
    await store.remove(peer, record)
    log('warn', 'quarantine of a peer ended by the admin of this node', { peer, quarantine: toHex(hash) })
  }
}
