import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { StorageError } from '../errors.ts'

const SETPRIV = '/usr/bin/setpriv'
/** linux/capability.h */
const CAP_DAC_OVERRIDE = 1n
const CAP_DAC_READ_SEARCH = 2n

export type Owner = { readonly uid: number; readonly gid: number }

/** The account that PostgreSQL, which refuses to be root, runs as when this process is root; undefined: our own. */
export function serverOwner(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/**
 * The command that runs `program` as `owner` and sends it `parentDeathSignal` when this process dies.
 *
 * A vault's home is 0700 and often below another 0700 directory, so an account that is not root cannot walk to its own
 * data. The one capability to search directories (where the container grants it; else the wider one) is kept for that.
 * Throws StorageError missing-program.
 */
export function asOwner(owner: Owner | undefined, parentDeathSignal: 'INT', program: string, args: readonly string[]) {
  if (!existsSync(SETPRIV)) {
    if (!owner) return { command: program, args: [...args] }
    throw new StorageError(
      'missing-program',
      `PostgreSQL cannot run as root and ${SETPRIV} is missing: install util-linux`,
    )
  }
  const identity = owner
    ? ['--reuid', `${owner.uid}`, '--regid', `${owner.gid}`, '--clear-groups', ...searchCapability()]
    : []
  return { command: SETPRIV, args: [...identity, '--pdeathsig', parentDeathSignal, program, ...args] }
}

function searchCapability(): string[] {
  const effective = BigInt(
    `0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`,
  )
  const has = (bit: bigint) => ((effective >> bit) & 1n) === 1n
  const name = has(CAP_DAC_READ_SEARCH) ? 'dac_read_search' : has(CAP_DAC_OVERRIDE) ? 'dac_override' : undefined
  return name ? ['--inh-caps', `-all,+${name}`, '--ambient-caps', `-all,+${name}`] : []
}
