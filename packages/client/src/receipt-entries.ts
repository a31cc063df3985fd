import { decodeEntry, type Entry, type StoredEntry } from '@trivault/ledger'
import { type Command, decodeCommand } from '@trivault/protocol'

/** One execution of an operation. */
export interface Signed {
  operationId: string
  part: number
  variant: number
}

type Relevant = Extract<Command, { type: 'start' | 'approve' | 'execute' | 'signed' }>

export const entryOf = ({ entry }: StoredEntry): Entry => decodeEntry(entry)

/** The commands of an entry that lead to one signature, in order. Throws `VaultError` malformed. */
export function relevantCommands(entry: Entry, wanted: Signed): Relevant[] {
  return entry.commands.map(decodeCommand).flatMap((command): Relevant[] => {
    if (!('operationId' in command) || command.operationId !== wanted.operationId) return []
    if (command.type === 'start' || command.type === 'approve') return [command]
    const isIt = 'part' in command && command.part === wanted.part && command.variant === wanted.variant
    return isIt && (command.type === 'execute' || command.type === 'signed') ? [command] : []
  })
}
