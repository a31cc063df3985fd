import { ed25519 } from '@noble/curves/ed25519.js'
import type { ResponseOf } from '@trivault/api-contract'
import { effectsHash } from '@trivault/chains'
import { type Codec, encode, fromHex, toBase64, utf8 } from '@trivault/codec'
import { sha256, type View, viewCodec, viewDigest } from '@trivault/protocol'
import { intentEffects, operationOf, type VaultState } from '@trivault/vault-state'

/** What honest nodes of a `TestVault` sign about an operation; `change` makes them less so, `signer` lets another sign. */
export function verdictsOf(
  { state, seq, hashAt }: { state: VaultState; seq: number; hashAt(seq: number): string | undefined },
  operationId: string,
  change: (view: View, node: number) => View = view => view,
  signer: (node: number) => number = node => node,
): ResponseOf<'trivaultOperationVerdicts'> {
  const operation = operationOf(state, operationId)
  const effects = intentEffects(state, operation.intent)
  return {
    OperationID: operationId,
    Missing: [],
    Verdicts: [0, 1, 2].map(node => {
      const view = change(
        {
          vaultId: state.vaultId,
          node,
          operationId,
          status: 'Pending approval',
          intentHash: operation.intentHash,
          grade: effects?.grade,
          effectsHash: effects && effectsHash(effects),
          needs: ['2 approvals from owner'],
          unmet: ['2 approvals from owner'],
          approvals: operation.approvals.map(({ keyId }) => fromHex(keyId)),
          executions: operation.executions.map(({ part, variant, digest, signature }) => ({
            ...{ part, variant, digest, signature },
          })),
          headSeq: seq,
          headHash: fromHex(hashAt(seq) ?? ''),
        },
        node,
      )
      const seed = sha256(utf8(`node ${signer(node)}`))
      return {
        Node: node,
        View: toBase64(encode(viewCodec as Codec<View>, view)),
        Signature: toBase64(ed25519.sign(viewDigest(view), seed)),
        // The wallet's reading of the bytes, which nobody here believes.
        Status: 'anything',
        IntentHash: '0'.repeat(64),
        Needs: [],
        Unmet: [],
        Head: { Seq: 0, Hash: '0'.repeat(64) },
      }
    }),
  }
}
