import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

// Runs docs/quickstart.md: every command of it, in its order, as it stands there, against a vault that `npm start` would run.

const project = fileURLToPath(new URL('../..', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'trivault-quickstart-'))
const sections = [
  ...readFileSync(join(project, 'docs/quickstart.md'), 'utf8').matchAll(/^## (.+)$|^```sh\n([\s\S]*?)^```$/gm),
]
/** What npx starts for our two binaries; the vault itself is started below. */
const prelude =
  'set -eu\nnpx() { name=$1; shift; node "$PROJECT/tools/bin/$name.mjs" "$@"; }\nnpm() { test "$*" = start; }\n'

let vault: ChildProcess
let ended: Promise<unknown>

async function shell(script: string): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-c', prelude + script], {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: directory, PROJECT: project },
    timeout: 120_000,
  })
  return stdout
}

beforeAll(async () => {
  vault = spawn(process.execPath, [join(project, 'apps/local/src/main.ts'), 'start'], {
    env: { PATH: process.env.PATH, TRIVAULT_HOME: join(directory, '.trivault') },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  ended = new Promise(resolve => vault.once('close', resolve))
  let out = ''
  await new Promise<void>((resolve, reject) => {
    vault.stdout?.on('data', chunk => {
      out += chunk
      if (out.includes('Ctrl-C stops')) resolve()
    })
    vault.once('close', () => reject(new Error(`the vault did not start\n${out}`)))
  })
})

afterAll(async () => {
  vault.kill('SIGTERM')
  await ended
  rmSync(directory, { recursive: true, force: true })
})

/** What each section must have printed at its end. */
const promised: Record<string, RegExp> = {
  'Start a vault': /Node 0 +online +voting[\s\S]*Node 1 +online +voting[\s\S]*Node 2 +online +voting/,
  'The deposit address': /^0x[0-9a-fA-F]{40}\n$/,
  'A rule': /A NEW rule[\s\S]*Pending approval[\s\S]*Succeeded[\s\S]*needs 2 approvals from owner/,
  'The transfer':
    /Pending confirmation[\s\S]*Pending approval[\s\S]*Send 0\.25 ETH to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8[\s\S]*Succeeded\nTransaction 0x[0-9a-f]{64}/,
  'What happened': /Verified: entries 1 to \d+/,
  'If all three': /44\/60\/0\/0 {2}0x[0-9a-fA-F]{40}/,
}

describe('docs/quickstart.md', () => {
  const scripts = new Map<string, string>()
  let title = ''
  for (const [, heading, commands] of sections) {
    if (heading !== undefined) title = heading
    else scripts.set(title, (scripts.get(title) ?? '') + (commands ?? ''))
  }
  const printed: string[] = []

  it('has the sections that are checked here', () => {
    expect(scripts.size).toBe(Object.keys(promised).length)
  })

  it.each([...scripts])('%s', async (heading, script) => {
    const [, pattern] = Object.entries(promised).find(([name]) => heading.includes(name)) ?? []
    const out = await shell(script)
    printed.push(out)
    expect(out).toMatch(pattern ?? expect.fail(heading))
  })

  it('ends with the address that it began with, and with files that only their owner can read', () => {
    const [, address = 'none'] = printed
    expect(printed.at(-1)).toContain(address.trim())
    for (const file of ['audit.zip', 'main.backup']) expect(existsSync(join(directory, file)), file).toBe(true)
  })
})
