import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { jsonLog, readConfig, startHost } from '@trivault/node-host'

const STOP_MS = 4_500
const ORPHAN_MS = 1_500

const write = (line: string) => void process.stdout.write(line)
const coreMain = fileURLToPath(new URL('./core.ts', import.meta.url))

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { config: { type: 'string' }, 'software-attestation': { type: 'string' } } })
  if (values.config === undefined)
    throw new RangeError('usage: host.ts --config <JSON file> [--software-attestation <URL>]')
  const attestationUrl = values['software-attestation']
  const config = await readConfig(resolve(values.config))
  const host = startHost({ config, coreMain, write, ...(attestationUrl !== undefined && { attestationUrl }) })
  const stopWithin = (ms: number) => {
    host.stop()
    setTimeout(() => process.exit(1), ms).unref()
  }
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => stopWithin(STOP_MS))
  // The supervisor holds the other end: its end means that nobody is left to stop this process.
  process.stdin
    .resume()
    .on('error', () => stopWithin(ORPHAN_MS))
    .on('close', () => stopWithin(ORPHAN_MS))
  return host.ended
}

const code = await main().catch((error: unknown) => {
  jsonLog('node', write)('fatal', error instanceof Error ? error.message : 'unknown error')
  return 1
})
process.exit(code)
