import { ed25519 } from '@noble/curves/ed25519.js'
import { Committee, encodeEntry, Follower, type NodeIndex, type StoredEntry } from '@trivault/ledger'
import { type Genesis, vaultIdOf } from '@trivault/protocol'
import type { VaultMachine } from '@trivault/vault-state'
import { seedOf } from './vault-values.ts'

/** Entries of a vault as its three test identities would certify them. */
export async function certify(
  genesis: Genesis,
  machine: VaultMachine,
  log: readonly { time: number; commands: Uint8Array[] }[],
): Promise<StoredEntry[]> {
  const stored: StoredEntry[] = []
  const committee = new Committee(vaultIdOf(genesis), genesis.identityKeys)
  const follower = await Follower.open({
    committee,
    machine: machine,
    store: {
      putCandidate: async () => {},
      find: async () => undefined,
      putCertified: async (_seq, _hash, entry) => {
        stored.push(entry)
      },
      range: async () => [],
    },
  })
  for (const { time, commands } of log) {
    const { head, results } = follower
    const seq = head.seq + 1
    const bytes = encodeEntry({
      version: 1,
      vaultId: committee.vaultId,
      seq,
      prev: head.hash,
      results,
      time,
      commands,
    })
    const drafted = follower.draft(bytes)
    if (!drafted.ok) throw new Error(drafted.message)
    const { hash } = drafted.draft
    const [first, second, third] = ([0, 1, 2] as const).map(
      (node: NodeIndex) =>
        committee.vote({ node, sign: message => ed25519.sign(message, seedOf(node)) }, seq, 0, hash).signature,
    )
    if (first === undefined || second === undefined || third === undefined) throw new Error('three votes expected')
    await follower.accept(bytes, { seq, ballot: 0, hash, first, second, third })
  }
  return stored
}
