import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Programs of an admin's host: the deployer of this checkout, and the two calls of the AWS CLI that the guide makes. */
export function hostPrograms(dir: string): string {
  return programs(dir, {
    'trivault-deployer': [process.execPath, file('../src/main.ts')],
    aws: [process.execPath, file('aws-cli.ts')],
  })
}

/** Programs of a machine in AWS: the real broker, at a port that is free here. */
export function machinePrograms(dir: string, natsServer: string, port: number): string {
  return programs(dir, { 'nats-server': [natsServer, '-a', '127.0.0.1', '-p', `${port}`] })
}

function programs(dir: string, commands: Readonly<Record<string, readonly string[]>>): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  for (const [name, words] of Object.entries(commands)) {
    const path = join(dir, name)
    writeFileSync(path, `#!/bin/sh\nexec ${words.map(word => `'${word}'`).join(' ')} "$@"\n`)
    chmodSync(path, 0o755)
  }
  return dir
}
