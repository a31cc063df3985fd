import type { ResponseOf } from '@trivault/api-contract'
import {
  type Codec,
  decode,
  decodeJson,
  encode,
  encodeJson,
  fromBase64,
  fromUtf8,
  type Json,
  json,
  toBase64,
  toHex,
  utf8,
} from '@trivault/codec'
import type { StoredEntry } from '@trivault/ledger'
import { type Genesis, genesisCodec } from '@trivault/protocol'
import { operationOf, type VaultState } from '@trivault/vault-state'
import { entryOf, relevantCommands } from './receipt-entries.ts'

/** `not-a-receipt`: the bytes are none; `not-signed`: there is no such signature yet; `silent-node`: a node's view is missing. */
export type ReceiptErrorCode = 'not-a-receipt' | 'not-signed' | 'silent-node'

export class ReceiptError extends Error {
  override readonly name = 'ReceiptError'
  readonly code: ReceiptErrorCode

  constructor(code: ReceiptErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** Base64 in its one canonical form. */
const base64 = (max: number): Json<Uint8Array> => {
  const text = json.refine(json.string({ max }), value =>
    toBase64(fromBase64(value)) === value ? undefined : 'canonical base64 expected',
  )
  return { read: value => fromBase64(text.read(value)), write: value => text.write(toBase64(value)) }
}

const receiptJson = json.object({
  Format: json.oneOf(['trivault-receipt-v1']),
  OperationID: json.string({ max: 96 }),
  Part: json.integer(255),
  Variant: json.integer(255),
  /** The exact text that people approved. */
  Intent: json.string({ max: 450_000 }),
  Approvals: json.array(
    json.object({ User: json.string({ max: 254 }), PublicKey: base64(256), Signature: base64(256) }),
  ),
  /** The unsigned transaction; empty for a message. */
  Transaction: base64(400_000),
  Digest: base64(100_000),
  Signature: base64(256),
  /** What each node signed that it sees of the operation, in node order. */
  Verdicts: json.array(json.object({ View: base64(400_000), Signature: base64(128) }), { min: 3, max: 3 }),
  /** The certified entries that hold start, approvals, execution and signature. */
  Entries: json.array(json.object({ Entry: base64(800_000), Certificate: base64(2_000) }), { min: 1, max: 1000 }),
  Genesis: base64(100_000),
})
export type Receipt = ReturnType<(typeof receiptJson)['read']>

/** Throws `ReceiptError` not-a-receipt unless the file is the one writing of a receipt: one line of canonical JSON. */
export function readReceipt(file: Uint8Array): { receipt: Receipt; genesis: Genesis } {
  try {
    if (file.at(-1) !== 10) throw new TypeError('no line end')
    const receipt = decodeJson(receiptJson, file.subarray(0, -1))
    return { receipt, genesis: decode(genesisCodec as Codec<Genesis>, receipt.Genesis) }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unreadable'
    throw new ReceiptError('not-a-receipt', `the file is not a receipt as it was written: ${reason}`, { cause })
  }
}

/**
 * The receipt of one signature, from the log (of `entries` those that it needs are taken) and the nodes' views. Whoever trusts
 * neither verifies what comes out. Throws `ReceiptError` not-signed, silent-node, `VaultError` unknown-operation.
 */
export function makeReceipt(
  state: VaultState,
  entries: readonly StoredEntry[],
  id: string,
  { Verdicts }: ResponseOf<'trivaultOperationVerdicts'>,
  part: number,
  variant: number | undefined,
): Uint8Array {
  const operation = operationOf(state, id)
  const execution = operation.executions
    .filter(one => one.part === part && (variant === undefined || one.variant === variant))
    .findLast(one => one.signature !== undefined)
  if (execution?.signature === undefined)
    throw new ReceiptError('not-signed', `operation ${id} has no such signature: it is ${operation.phase}`)
  const wanted = { operationId: id, part, variant: execution.variant }
  const holding = entries.filter(stored => relevantCommands(entryOf(stored), wanted).length > 0)
  const approvals = holding.flatMap(stored =>
    relevantCommands(entryOf(stored), wanted).flatMap(command => (command.type === 'approve' ? [command] : [])),
  )
  const receipt: Receipt = {
    Format: 'trivault-receipt-v1',
    OperationID: id,
    Part: part,
    Variant: execution.variant,
    Intent: fromUtf8(operation.intentBytes),
    Approvals: approvals.map(({ userId, keyId, signature }) => ({
      User: userId,
      PublicKey: state.deviceKeys.get(toHex(keyId))?.publicKey ?? new Uint8Array(),
      Signature: signature,
    })),
    Transaction: execution.transaction,
    Digest: execution.digest,
    Signature: execution.signature,
    Verdicts: [0, 1, 2].map(node => {
      const verdict = Verdicts.find(({ Node }) => Node === node)
      if (verdict === undefined)
        throw new ReceiptError('silent-node', `node ${node} did not answer: all three are needed`)
      return { View: fromBase64(verdict.View), Signature: fromBase64(verdict.Signature) }
    }),
    Entries: holding.map(({ entry, certificate }) => ({ Entry: entry, Certificate: certificate })),
    Genesis: encode(genesisCodec as Codec<Genesis>, state.genesis),
  }
  return new Uint8Array([...encodeJson(receiptJson, receipt), ...utf8('\n')])
}
