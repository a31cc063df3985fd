import type { Client } from '@trivault/client'
import { equalBytes, fromBase64, toHex } from '@trivault/codec'
import { Committee, LedgerError, type StoredEntry, verifyExport } from '@trivault/ledger'
import { type Genesis, vaultIdOf } from '@trivault/protocol'
import { type VaultState, vaultMachine } from '@trivault/vault-state'
import { CliError } from './errors.ts'

/** The certified log, replayed here: nothing in `state` is the wallet's word. */
export interface Replica {
  genesis: Genesis
  state: VaultState
  seq: number
  /** Hash (hex) of the entry at `seq`; undefined beyond the head. Of 0: the vault id. */
  hashAt(seq: number): string | undefined
}

/** Replays entries from genesis. Throws `CliError` untrusted. */
export async function replay(
  genesis: Genesis,
  entries: AsyncIterable<StoredEntry> | Iterable<StoredEntry>,
): Promise<Replica> {
  const vaultId = vaultIdOf(genesis)
  const hashes = [toHex(vaultId)]
  try {
    const { state, head } = await verifyExport(entries, {
      committee: new Committee(vaultId, genesis.identityKeys),
      machine: vaultMachine(genesis),
      onCertified: ({ hash }) => hashes.push(toHex(hash)),
    })
    return { genesis, state, seq: head.seq, hashAt: seq => hashes[seq] }
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause
    const place = cause.message.includes('entry ') ? '' : `entry ${hashes.length}: `
    throw new CliError('untrusted', `the log does not verify at ${place}${cause.message}`, { cause })
  }
}

/** Fetches the whole log from the wallet and replays it. Throws `CliError` untrusted, `ApiError`. */
export async function fetchReplica(client: Client, genesis: Genesis): Promise<Replica> {
  return replay(genesis, entriesOf(client))
}

/** The same, with the entries themselves. Throws `CliError` untrusted, `ApiError`. */
export async function fetchLog(
  client: Client,
  genesis: Genesis,
): Promise<{ replica: Replica; entries: StoredEntry[] }> {
  const entries: StoredEntry[] = []
  for await (const stored of entriesOf(client)) entries.push(stored)
  return { replica: await replay(genesis, entries), entries }
}

async function* entriesOf(client: Client): AsyncGenerator<StoredEntry> {
  for (let from = 1; ; ) {
    const { Entries, Head } = await client.call('trivaultLogEntries', { query: { from } })
    for (const { Entry, Certificate } of Entries)
      yield { entry: fromBase64(Entry), certificate: fromBase64(Certificate) }
    from += Entries.length
    if (Entries.length === 0 || from > Head.Seq) return
  }
}

/** Do two genesis name the same nodes? */
export function sameNodes(genesis: Genesis, keys: readonly Uint8Array[]): boolean {
  return (
    genesis.identityKeys.length === keys.length &&
    genesis.identityKeys.every((key, i) => equalBytes(key, keys[i] ?? new Uint8Array(0)))
  )
}
