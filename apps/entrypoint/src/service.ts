import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { collectorFlags } from '@trivault/node-host'
import type { Start } from './environment.ts'
import { EntrypointError } from './errors.ts'

const main = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** Program and arguments of a service whose directory is laid out. */
export function commandOf({ component, runDir, softwareAttestation }: Start): [program: string, args: string[]] {
  const conf = join(runDir, 'conf')
  if (component === 'broker') return ['nats-server', ['-c', conf]]
  if (component === 'wallet') return [process.execPath, [main('wallet/src/main.ts'), '--config', conf]]
  const attestation = softwareAttestation === undefined ? [] : ['--software-attestation', softwareAttestation]
  return [process.execPath, [...collectorFlags, main('policy-node/src/host.ts'), '--config', conf, ...attestation]]
}

/**
 * Runs the service until it ends and resolves to its exit code. Its standard input is a pipe of ours: our services stop when
 * it ends, so that nothing is left running when this process is killed.
 */
export function runService(start: Start, signals: NodeJS.EventEmitter): Promise<number> {
  const [program, args] = commandOf(start)
  const child = spawn(program, args, {
    cwd: start.runDir,
    env: start.environment,
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  const stop = (): void => void child.kill('SIGTERM')
  signals.on('SIGTERM', stop).on('SIGINT', stop)
  return new Promise((resolve, reject) => {
    child.once('error', cause => reject(new EntrypointError('service', `${program} cannot be started`, { cause })))
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGTERM' ? 0 : 1)))
  })
}
