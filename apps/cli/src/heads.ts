import { toHex } from '@trivault/codec'
import { CliError } from './errors.ts'
import { parseJsonText, readTextIfThere, replacePrivate } from './files.ts'
import type { Replica } from './replica.ts'

type Heads = Record<string, { seq: number; hash: string }>

/**
 * The highest log head seen per vault, kept beside a device key. A wallet that shows an older log, or another one, is found
 * out. Throws `CliError` untrusted.
 */
export function checkHead(keyFile: string, replica: Replica): void {
  const path = `${keyFile}.heads.json`
  const text = readTextIfThere(path)
  const heads = (text === undefined ? {} : parseJsonText(text, path)) as Heads
  const vault = toHex(replica.state.vaultId)
  const known = heads[vault]
  const head = { seq: replica.seq, hash: replica.hashAt(replica.seq) ?? '' }
  if (known !== undefined) {
    if (known.seq > head.seq)
      throw new CliError(
        'untrusted',
        `the wallet shows the log up to entry ${head.seq}, this device has seen entry ${known.seq}: nothing is approved on an old log`,
      )
    if (replica.hashAt(known.seq) !== known.hash)
      throw new CliError(
        'untrusted',
        `entry ${known.seq} of the log is another than the one this device has seen: the log has forked, tell the node admins`,
      )
    if (known.seq === head.seq) return
  }
  replacePrivate(path, `${JSON.stringify({ ...heads, [vault]: head }, null, 2)}\n`)
}
