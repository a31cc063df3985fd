import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startVault } from '../vault.ts'
import { levers } from './levers.ts'
import { recovery } from './recovery.ts'
import { refusals } from './refusals.ts'
import { found, token, transfer } from './scenario.ts'
import { Steps } from './steps.ts'

const print = (line: string) => void process.stdout.write(`${line}\n`)

/** `npm run demo`: the whole road in a temporary vault, and what must fail. Exit 0 only if all went as stated. */
async function main(): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'trivault-demo-'))
  const steps = new Steps(print)
  print(`Trivault demo, in a temporary vault (${home})`)
  const vault = await steps.run('start PostgreSQL, NATS, the dev chain, three Policy Nodes and the wallet', () =>
    startVault({ home, empty: true }),
  )
  try {
    const cast = await found(vault, steps)
    await transfer(cast)
    await token(cast)
    await recovery(cast)
    await levers(cast)
    await refusals(cast)
  } finally {
    await vault.stop()
    steps.summary()
  }
  rmSync(home, { recursive: true, force: true })
  print('\nAll of it went as stated.')
}

main().catch((error: unknown) => {
  print(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
