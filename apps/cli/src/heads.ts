import { checkHead, type Replica, type SeenHead } from '@trivault/approval'
import { toHex } from '@trivault/codec'
import { parseJsonText, readTextIfThere, replacePrivate } from './files.ts'

type Heads = Record<string, SeenHead>

const fileOf = (keyFile: string): string => `${keyFile}.heads.json`

function readHeads(keyFile: string): Heads {
  const text = readTextIfThere(fileOf(keyFile))
  return (text === undefined ? {} : parseJsonText(text, fileOf(keyFile))) as Heads
}

/** The highest log head seen of the vault, kept beside a device key. */
export const seenHead = (keyFile: string, replica: Replica): SeenHead | undefined =>
  readHeads(keyFile)[toHex(replica.state.vaultId)]

/** Keeps the replica's head as seen. Throws `ApprovalError` log-old or log-forked. */
export function keepHead(keyFile: string, replica: Replica): void {
  const heads = readHeads(keyFile)
  const vault = toHex(replica.state.vaultId)
  const head = checkHead(heads[vault], replica)
  if (heads[vault]?.seq === head.seq) return
  replacePrivate(fileOf(keyFile), `${JSON.stringify({ ...heads, [vault]: head }, null, 2)}\n`)
}
