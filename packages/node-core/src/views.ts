import { decodeMessage, type Effects, effectsHash, plannedEffects } from '@trivault/chains'
import { type Codec, encode } from '@trivault/codec'
import { describeRequirement } from '@trivault/policy'
import { taggedHash, type View, viewCodec } from '@trivault/protocol'
import {
  assetOf,
  chainContext,
  type Operation,
  operationOf,
  standingOf,
  statusOf,
  transactionRequest,
  type VaultState,
} from '@trivault/vault-state'

/** What this node sees of an operation, computed by itself from the intent bytes. Throws `VaultError` unknown-operation. */
export function viewOf(
  state: VaultState,
  node: number,
  operationId: string,
  head: { seq: number; hash: Uint8Array },
): View {
  const operation = operationOf(state, operationId)
  const effects = effectsOf(state, operation)
  const standing = standingOf(state, operation)
  const needs = standing.kind === 'blocked' ? [standing.reason] : standing.requirements.map(describeRequirement)
  return {
    vaultId: state.vaultId,
    node,
    operationId,
    status: statusOf(state, operation),
    intentHash: operation.intentHash,
    grade: effects?.grade,
    effectsHash: effects === undefined ? undefined : effectsHash(effects),
    needs,
    unmet: standing.kind === 'blocked' ? needs : standing.unmet.map(describeRequirement),
    headSeq: head.seq,
    headHash: head.hash,
  }
}

/** What a node signs about an operation. */
export function viewDigest(view: View): Uint8Array {
  return taggedHash('view', encode(viewCodec as Codec<View>, view))
}

function effectsOf(state: VaultState, { intent }: Operation): Effects | undefined {
  if (intent.OperationType !== 'make transaction' && intent.OperationType !== 'generic signing') return undefined
  const context = chainContext(state, assetOf(state, intent.CAIP19).chain.caip2)
  if (intent.OperationType === 'make transaction') return plannedEffects(transactionRequest(state, intent), context)
  return decodeMessage({
    chain: context.chain,
    source: intent.Source.Address,
    typeOfSigning: intent.TypeOfSigning,
    dataToSign: intent.DataToSign,
  })
}
