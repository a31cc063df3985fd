import { fileURLToPath } from 'node:url'
import { jsonLog, readConfig, startHost } from '@trivault/node-host'

const STOP_MS = 4_500
const ORPHAN_MS = 1_500

const write = (line: string) => void process.stdout.write(line)
const coreMain = fileURLToPath(new URL('./core.ts', import.meta.url))

async function main(): Promise<number> {
  const [flag, file, ...rest] = process.argv.slice(2)
  if (flag !== '--config' || file === undefined || rest.length > 0)
    throw new RangeError('usage: host.ts --config <absolute path of a JSON file>')
  const host = startHost({ config: await readConfig(file), coreMain, write })
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
