import { toHex } from '@trivault/codec'
import { decodeEntry, entryHash, type StoredEntry } from '@trivault/ledger'
import { type Command, decodeCommand } from '@trivault/protocol'
import { reportedKey, type VaultState } from '@trivault/vault-state'

/** Columns of the audit file, in their order: see docs/audit-export.md. */
export const auditColumns = [
  'Seq',
  'Index',
  'Time',
  'EntryHash',
  'Command',
  'OperationID',
  'OperationType',
  'User',
  'Detail',
] as const
export type AuditColumn = (typeof auditColumns)[number]
export type AuditRow = Readonly<Record<AuditColumn, string>>

/** One row per certified command of an entry. `state` knows the types of operations. */
export function auditRows(state: VaultState, stored: StoredEntry): { time: number; rows: AuditRow[] } {
  const { seq, time, commands } = decodeEntry(stored.entry)
  const shared = { Seq: String(seq), Time: new Date(time).toISOString(), EntryHash: toHex(entryHash(stored.entry)) }
  const rows = commands.map((raw, index): AuditRow => {
    const command = decodeCommand(raw)
    const id = 'operationId' in command ? command.operationId : ''
    const operation = state.operations.get(id)
    const { user, detail } = subjectOf(command)
    return {
      ...shared,
      Index: String(index),
      Command: command.type,
      OperationID: id,
      OperationType: operation?.type ?? '',
      User: command.type === 'start' ? (operation?.intent.InitiatorID ?? '') : user,
      Detail: detail,
    }
  })
  return { time, rows }
}

/** Who a command names, and what it says, as JSON; for a start its intent. */
function subjectOf(command: Command): { user: string; detail: string } {
  const say = (user: string, detail: object): { user: string; detail: string } => ({
    user,
    detail: JSON.stringify(detail),
  })
  switch (command.type) {
    case 'setup': {
      const { users, group, approvalsRequired, masterKeys, chains, rates } = command
      return say('', { users, group, approvalsRequired, masterKeys, chains, rates })
    }
    case 'createGroup':
      return say(command.by, { group: command.name })
    case 'registerChain':
      return say(command.by, { caip2: command.caip2 })
    case 'createSystemUser':
      return say(command.by, { name: command.name, role: command.role, confirmer: command.confirmer })
    case 'deleteSystemUser':
      return say(command.by, { id: command.id })
    case 'allocateAddress': {
      const { masterKey, account, caip2, index } = command
      return say('', { masterKey, account, caip2, index })
    }
    case 'start':
      return { user: '', detail: new TextDecoder().decode(command.intent) }
    case 'endorse': {
      const { epoch, owners, required } = command
      return say('', { epoch, owners: owners.map(({ id }) => id), required })
    }
    case 'vouch':
      return say(command.userId, { publicKey: toHex(command.publicKey), channel: command.channel })
    case 'approve':
      return say(command.userId, { keyId: toHex(command.keyId), signature: toHex(command.signature) })
    case 'reject':
      return say(command.userId, {})
    case 'cancel':
      return say(command.by, {})
    case 'execute':
      return say('', { part: command.part, variant: command.variant, transaction: `0x${toHex(command.transaction)}` })
    case 'signed':
      return say('', { part: command.part, variant: command.variant, signature: toHex(command.signature) })
    case 'signingFailed': {
      const { part, variant, digest, node, check, kind, signature } = command
      return say('', { part, variant, digest: toHex(digest), node, check, kind, signature: toHex(signature) })
    }
    case 'hold': {
      const { kind, counter, keyId, signature } = command
      return say('', { kind, counter, keyId: toHex(keyId), signature: toHex(signature) })
    }
    case 'activateKey': {
      const keys = command.keys.map(({ report: { curve, publicKey, backupHashes } }) => ({
        curve,
        publicKey: toHex(publicKey),
        backupHashes: backupHashes.map(toHex),
      }))
      return say('', { masterKey: reportedKey(command.keys), keys })
    }
  }
}

/** RFC 4180. A cell that a spreadsheet would take for a formula gets an apostrophe in front. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

function cell(text: string): string {
  const safe = /^[\s]*[=+\-@]/.test(text) || /^[\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
