import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** For a test run: what its tests and their processes leave in the temporary directory goes with it. */
export function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'trivault-run-'))
  // Other users' processes work in it too, as in /tmp: PostgreSQL does not run as root.
  chmodSync(directory, 0o1777)
  process.env.TMPDIR = directory
  return () => rmSync(directory, { recursive: true, force: true })
}
