import { spawn } from 'node:child_process'

/** Runs a program to its end. Resolves {code, out}; `out` is its stdout, captured unless `options.stdio` says otherwise. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 2], ...options })
    const chunks = []
    child.stdout?.on('data', chunk => chunks.push(chunk))
    child.once('error', reject)
    child.once('close', code => resolve({ code: code ?? 1, out: Buffer.concat(chunks).toString() }))
  })
}
