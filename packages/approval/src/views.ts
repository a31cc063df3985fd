import { ed25519 } from '@noble/curves/ed25519.js'
import type { ResponseOf } from '@trivault/api-contract'
import { effectsHash } from '@trivault/chains'
import { type Codec, decode, equalBytes, fromBase64, toHex } from '@trivault/codec'
import { type View, viewCodec, viewDigest } from '@trivault/protocol'
import { intentEffects, operationOf } from '@trivault/vault-state'
import { ApprovalError, type ApprovalErrorCode } from './errors.ts'
import type { Replica } from './replica.ts'

export type Verdicts = ResponseOf<'trivaultOperationVerdicts'>

/**
 * The three nodes' views of an operation, each signed by its node and equal to what is computed here from the certified
 * intent bytes. Throws `ApprovalError` view-missing, view-untrusted or views-differ.
 */
export function agreedViews(replica: Replica, operationId: string, { Verdicts, Missing }: Verdicts): View[] {
  const refuse = (message: string, code: ApprovalErrorCode = 'view-untrusted'): never => {
    throw new ApprovalError(code, `${message}: do not approve`)
  }
  if (Missing.length > 0)
    throw new ApprovalError(
      'view-missing',
      `node ${Missing.join(' and ')} did not answer; all three are needed: try again`,
    )
  const { genesis, state } = replica
  const operation = operationOf(state, operationId)
  const effects = intentEffects(state, operation.intent)
  const ownHash = effects === undefined ? undefined : toHex(effectsHash(effects))
  const views = genesis.identityKeys.map((key, node): View => {
    const found = Verdicts.filter(verdict => verdict.Node === node)
    const [verdict] = found
    if (verdict === undefined || found.length !== 1) return refuse(`one view of node ${node} expected`)
    const view = readView(verdict.View) ?? refuse(`the view of node ${node} cannot be read`)
    if (!signed(key, view, verdict.Signature)) refuse(`the signature of node ${node} is not its own`)
    if (!equalBytes(view.vaultId, state.vaultId)) refuse(`the view of node ${node} is of another vault`)
    if (view.node !== node || view.operationId !== operationId)
      refuse(`the view of node ${node} is of another node or operation`)
    if (!equalBytes(view.intentHash, operation.intentHash)) refuse(`node ${node} sees another intent`, 'views-differ')
    if ((view.effectsHash === undefined ? undefined : toHex(view.effectsHash)) !== ownHash)
      refuse(`node ${node} computes other effects than this device`, 'views-differ')
    if (view.grade !== effects?.grade) refuse(`node ${node} grades the transaction differently`, 'views-differ')
    if (replica.hashAt(view.headSeq) !== toHex(view.headHash))
      refuse(`node ${node} has certified entry ${view.headSeq}, which the wallet does not show`, 'views-differ')
    return view
  })
  const [first] = views
  if (views.some(view => view.needs.join('\n') !== first?.needs.join('\n')))
    throw new ApprovalError(
      'views-differ',
      'the nodes do not ask for the same approvals: try again, and tell the node admins',
    )
  return views
}

function readView(text: string): View | undefined {
  try {
    return decode(viewCodec as Codec<View>, fromBase64(text))
  } catch {
    return undefined
  }
}

function signed(key: Uint8Array, view: View, signature: string): boolean {
  try {
    return ed25519.verify(fromBase64(signature), viewDigest(view), key, { zip215: false })
  } catch {
    return false
  }
}
