import { runEntrypoint } from './entrypoint.ts'

const name = process.env.TRIVAULT_COMPONENT ?? 'entrypoint'
const write = (level: string, msg: string): void =>
  void process.stdout.write(`${JSON.stringify({ time: Date.now(), level, name, msg })}\n`)

process.umask(0o077)
process.exitCode = await runEntrypoint({
  environment: process.env,
  signals: process,
  say: line => write('info', line),
}).catch((error: unknown) => {
  write('fatal', error instanceof Error ? error.message : 'unknown error')
  return 1
})
