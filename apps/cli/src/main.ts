import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { runCli } from './run.ts'

process.exitCode = await runCli(process.argv.slice(2), {
  out: part => process.stdout.write(part),
  err: part => process.stderr.write(part),
  readInput: () => text(process.stdin),
  confirm: async question => {
    const lines = createInterface({ input: process.stdin, output: process.stderr })
    // The end of the input is a no.
    const ended = new Promise<string>(resolve => lines.once('close', () => resolve('')))
    const answer = await Promise.race([lines.question(`${question} [y/N] `), ended])
    lines.close()
    return /^y(es)?$/i.test(answer.trim())
  },
})
