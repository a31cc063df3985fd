import { ed25519 } from '@noble/curves/ed25519.js'
import { sameNodes } from '@trivault/approval'
import { recoverSigner } from '@trivault/chains'
import { type Receipt, ReceiptError, readReceipt, relevantCommands } from '@trivault/client'
import { CodecError, decode, equalBytes, fromUtf8, toHex } from '@trivault/codec'
import { Committee, decodeCertificate, decodeEntry, entryHash, LedgerError } from '@trivault/ledger'
import {
  type CommandOf,
  decodeIntent,
  type Intent,
  sha256,
  VaultError,
  type View,
  vaultIdOf,
  viewCodec,
  viewDigest,
} from '@trivault/protocol'
import { verifyApproval } from '@trivault/vault-state'
import { CliError } from './errors.ts'

export interface VerifiedReceipt {
  receipt: Receipt
  intent: Intent
  vaultId: Uint8Array
  /** Log times (ms) of start, execution and signature. */
  times: { start: number; execute: number; signed: number }
  views: View[]
}

const refuse = (message: string): never => {
  throw new CliError('untrusted', `the receipt does not verify: ${message}`)
}

/**
 * Checks a receipt with nothing but the three nodes' public keys: every entry in it carries three votes, the approvals are
 * signatures of the named devices over the intent, the execution and the signature are in the log, and all three nodes signed a
 * view of the operation that says the same. Throws `CliError` untrusted, saying what does not fit.
 */
export function verifyReceipt(file: Uint8Array, identityKeys: readonly Uint8Array[]): VerifiedReceipt {
  const { receipt, genesis } = opened(file)
  if (!sameNodes(genesis, identityKeys)) refuse('it names other nodes than those that are known')
  const vaultId = vaultIdOf(genesis)
  try {
    const certified = certifiedCommands(receipt, new Committee(vaultId, genesis.identityKeys))
    const intent = decodeIntent(certified.start.intent)
    if (receipt.Intent !== fromUtf8(certified.start.intent)) refuse('Intent is not the certified one')
    const counted = checkApprovals(receipt, certified)
    if (!equalBytes(receipt.Transaction, certified.execute.transaction))
      refuse('Transaction is not the one that was certified for signing')
    if (!equalBytes(receipt.Signature, certified.signed.signature)) refuse('Signature is not the certified one')
    const views = receipt.Verdicts.map((verdict, node) =>
      checkView(verdict, node, genesis.identityKeys[node] ?? new Uint8Array(0)),
    )
    for (const view of views) checkWhatTheySee(receipt, view, vaultId, certified, counted)
    const [first] = views
    const said = ({ grade, effectsHash, needs, status }: View): string =>
      JSON.stringify([grade, effectsHash && toHex(effectsHash), needs, status])
    if (first !== undefined && views.some(view => said(view) !== said(first)))
      refuse('the three nodes do not say the same')
    checkSignature(receipt, intent)
    return { receipt, intent, vaultId, times: certified.times, views }
  } catch (cause) {
    if (cause instanceof CodecError || cause instanceof LedgerError || cause instanceof VaultError)
      throw new CliError('untrusted', `the receipt does not verify: ${cause.message}`, { cause })
    throw cause
  }
}

interface Certified {
  start: CommandOf<'start'>
  approvals: CommandOf<'approve'>[]
  execute: CommandOf<'execute'>
  signed: CommandOf<'signed'>
  times: VerifiedReceipt['times']
  lastSeq: number
}

/** Start, approvals, execution and signature, in this order, each in an entry with three votes. */
function certifiedCommands(receipt: Receipt, committee: Committee): Certified {
  const wanted = { operationId: receipt.OperationID, part: receipt.Part, variant: receipt.Variant }
  const approvals: CommandOf<'approve'>[] = []
  const found: Partial<Pick<Certified, 'start' | 'execute' | 'signed'>> = {}
  const times = { start: 0, execute: 0, signed: 0 }
  let lastSeq = 0
  for (const { Entry, Certificate } of receipt.Entries) {
    const entry = decodeEntry(Entry)
    const certificate = decodeCertificate(Certificate)
    const place = `entry ${entry.seq}`
    if (!equalBytes(entry.vaultId, committee.vaultId)) refuse(`${place} is of another vault`)
    if (certificate.seq !== entry.seq || !equalBytes(certificate.hash, entryHash(Entry)))
      refuse(`${place}: its certificate is for another entry`)
    if (!committee.isCertificate(certificate)) refuse(`${place} does not carry the votes of all three nodes`)
    if (entry.seq <= lastSeq) refuse(`${place} is not in the order of the log`)
    lastSeq = entry.seq
    const commands = relevantCommands(entry, wanted)
    if (commands.length === 0) refuse(`${place} has nothing to do with the operation`)
    for (const command of commands) {
      if (command.type === 'approve') {
        if (found.start === undefined || found.execute !== undefined) refuse(`${place}: an approval out of its place`)
        approvals.push(command)
      } else {
        if (found[command.type] !== undefined) continue
        Object.assign(found, { [command.type]: command })
        times[command.type] = entry.time
      }
    }
  }
  const { start, execute, signed } = found
  if (start === undefined) return refuse('the start of the operation is missing')
  if (execute === undefined) return refuse('the execution is missing')
  if (signed === undefined) return refuse('the signature is missing')
  return { start, approvals, execute, signed, times, lastSeq }
}

/** Each approval, byte for byte that of the log, signed by the device that the log names. Returns the key ids that count. */
function checkApprovals({ Approvals }: Receipt, { approvals, start }: Certified): string[] {
  if (Approvals.length !== approvals.length) refuse('Approvals are not those of the log')
  const counted = new Map<string, string>()
  for (const [index, { userId, keyId, signature }] of approvals.entries()) {
    const shown = Approvals[index]
    const isIt = shown?.User === userId && equalBytes(shown.Signature, signature)
    if (!isIt || !equalBytes(sha256(shown.PublicKey), keyId))
      return refuse(`approval ${index + 1} is not that of the log`)
    if (!verifyApproval(shown.PublicKey, start.intent, signature))
      refuse(`approval ${index + 1} is not a signature over the intent`)
    const user = userId.toLowerCase()
    counted.delete(user)
    counted.set(user, toHex(keyId))
  }
  return [...counted.values()]
}

function checkView({ View, Signature }: Receipt['Verdicts'][number], node: number, key: Uint8Array): View {
  const view: View = decode(viewCodec, View)
  if (view.node !== node) refuse(`the verdict in place ${node} is of another node`)
  if (!ed25519.verify(Signature, viewDigest(view), key, { zip215: false }))
    refuse(`the verdict of node ${node} is not signed by it`)
  return view
}

function checkWhatTheySee(
  receipt: Receipt,
  view: View,
  vaultId: Uint8Array,
  { start, lastSeq }: Certified,
  counted: readonly string[],
): void {
  const sees = `node ${view.node} sees another`
  if (!equalBytes(view.vaultId, vaultId)) refuse(`${sees} vault`)
  if (view.operationId !== receipt.OperationID) refuse(`${sees} operation`)
  if (!equalBytes(view.intentHash, sha256(start.intent))) refuse(`${sees} intent`)
  if (view.approvals.map(toHex).join() !== counted.join()) refuse(`node ${view.node} sees other approvals`)
  const execution = view.executions.find(({ part, variant }) => part === receipt.Part && variant === receipt.Variant)
  if (execution === undefined || !equalBytes(execution.digest, receipt.Digest)) refuse(`${sees} digest`)
  if (execution?.signature === undefined || !equalBytes(execution.signature, receipt.Signature))
    refuse(`${sees} signature`)
  if (view.headSeq < lastSeq) refuse(`node ${view.node} spoke before entry ${lastSeq}`)
}

/** For addresses that a signature recovers to, also by arithmetic; for others the three nodes did it. */
function checkSignature({ Digest, Signature }: Receipt, intent: Intent): void {
  const address = 'Source' in intent ? intent.Source.Address : refuse('the operation signs nothing')
  const recovery = Signature[64]
  if (recovery !== 0 && recovery !== 1) return
  const parts = { r: Signature.slice(0, 32), s: Signature.slice(32, 64), recovery } as const
  if (recoverSigner(Digest, parts) !== address) refuse(`the signature is not one of ${address}`)
}

function opened(file: Uint8Array): ReturnType<typeof readReceipt> {
  try {
    return readReceipt(file)
  } catch (cause) {
    if (!(cause instanceof ReceiptError)) throw cause
    throw new CliError('untrusted', cause.message, { cause })
  }
}
