import { createInterface } from 'node:readline/promises'
import { runDeployer } from './run.ts'

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

const code = await runDeployer(process.argv.slice(2), {
  environment: process.env,
  cwd: process.cwd(),
  streams: {
    out: text => process.stdout.write(text),
    err: text => process.stderr.write(text),
    interactive: process.stdout.isTTY,
  },
  signal: stop.signal,
  ask: async question => {
    const lines = createInterface({ input: process.stdin, output: process.stderr })
    // The end of the input is a no.
    const ended = new Promise<string>(resolve => lines.once('close', () => resolve('')))
    const answer = await Promise.race([lines.question(`${question} [y/N] `), ended])
    lines.close()
    return /^y(es)?$/i.test(answer.trim())
  },
})
// What was interrupted may still wait for an answer from AWS.
if (stop.signal.aborted) process.exit(code)
process.exitCode = code
