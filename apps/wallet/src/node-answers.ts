import { encode, toHex } from '@trivault/codec'
import { encodeBackupFile, viewCodec } from '@trivault/protocol'
import { operationOf, type VaultState } from '@trivault/vault-state'
import type { NodeLink } from './node-link.ts'
import { ServiceError } from './service.ts'
import { fetchBackup } from './signatures.ts'
import type { KeyBackup } from './view.ts'

/** What the three nodes signed about an operation, and which are silent. Throws `VaultError` unknown-operation. */
export async function verdictsOf(link: NodeLink, state: VaultState, operationId: string) {
  operationOf(state, operationId)
  const answers = await link.queryAll({ type: 'view', operationId })
  const Verdicts = answers.flatMap((answer, Node) => {
    if (answer === undefined) return []
    const { view, signature } = answer
    return [
      {
        Node,
        View: Buffer.from(encode(viewCodec, view)).toString('base64'),
        Signature: Buffer.from(signature).toString('base64'),
        Status: view.status,
        IntentHash: toHex(view.intentHash),
        ...(view.effectsHash === undefined ? {} : { EffectsHash: toHex(view.effectsHash) }),
        ...(view.grade === undefined ? {} : { Grade: view.grade }),
        Needs: view.needs,
        Unmet: view.unmet,
        Head: { Seq: view.headSeq, Hash: toHex(view.headHash) },
      },
    ]
  })
  return {
    OperationID: operationId,
    Verdicts,
    Missing: answers.flatMap((answer, node) => (answer === undefined ? [node] : [])),
  }
}

/** Who is up, how far each has come, and what stops it. */
export async function nodesOf(link: NodeLink, state: VaultState, head: { seq: number; hash: Uint8Array }) {
  const answers = await link.queryAll({ type: 'status' })
  return {
    VaultID: toHex(state.vaultId),
    Sealed: state.sealedAt !== undefined,
    Head: { Seq: head.seq, Hash: toHex(head.hash) },
    Nodes: state.genesis.identityKeys.map((identity, Index) => {
      const answer = answers[Index]
      const known =
        answer === undefined
          ? {}
          : {
              Head: { Seq: answer.seq, Hash: toHex(answer.hash) },
              State: [
                answer.phase,
                ...(answer.reason === '' ? [] : [answer.reason]),
                ...answer.quarantined.map(node => `node ${node} is quarantined`),
              ].join(': '),
              Version: answer.version,
              ...(answer.lastSignatureAt > 0 && { LastSignatureAt: new Date(answer.lastSignatureAt).toISOString() }),
            }
      return { Index, IdentityKey: toHex(identity), Online: answer !== undefined, ...known }
    }),
  }
}

/** Why the nodes certify nothing now, in words. */
export async function silenceOf(link: NodeLink): Promise<string> {
  const answers = await link.queryAll({ type: 'status' })
  const silent = answers.flatMap((answer, node) => (answer === undefined ? [node] : []))
  return silent.length === 0
    ? 'the Policy Nodes are busy'
    : `Policy Node ${silent.join(' and ')} does not answer: nothing can be certified until all three are up`
}

/** The backup files of an active master key, one per curve. Throws `ServiceError` not-found. */
export async function backupsOf(link: NodeLink, state: VaultState, masterKey: string): Promise<KeyBackup[]> {
  const key = state.masterKeys.get(masterKey)
  if (key === undefined || key.status !== 'active')
    throw new ServiceError('not-found', `no active master key ${masterKey}`)
  const { vaultId, genesis } = state
  return Promise.all(
    key.keys.map(async one => {
      const { curve, publicKey, publicShares, chainCode, transcriptHash } = one
      const blobs = await fetchBackup(link, masterKey, one)
      const file = encodeBackupFile({
        ...{ version: 1, vaultId, masterKey, keyId: key.keyId, curve, ersFingerprint: genesis.ersFingerprint },
        ...{ publicKey, publicShares: [...publicShares], chainCode, transcriptHash, blobs },
      })
      return { curve, file }
    }),
  )
}
