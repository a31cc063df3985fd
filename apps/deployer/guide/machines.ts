import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ContainerToRun, Hooks, InstanceToRun, Running, TaskToRun } from '@trivault/aws-double'

const ENTRYPOINT = fileURLToPath(new URL('../../entrypoint/src/main.ts', import.meta.url))
const STOP_MS = 6_000
const RESTART_MS = 1_000

export interface MachinesOptions {
  readonly dir: string
  /** Directory of the programs that a machine has beside Node. */
  readonly bin: string
  /** NODE_OPTIONS of a process in the customer's network. */
  readonly nodeOptions: string
  readonly database: { readonly port: number; readonly masterPassword: string; readonly ca: string }
  /** Software authority in the place of the enclaves' security module; known once there is an enclave image. */
  readonly attestationUrl: () => string
}

/** Where AWS would run containers and hosts, the guide's test runs the same processes on this machine. */
export class Machines {
  readonly #options: MachinesOptions
  readonly #running = new Set<ChildProcess>()
  /** Variables of each host's process, by component. */
  readonly #hosts = new Map<string, Readonly<Record<string, string>>>()
  /** Each host's process. */
  readonly #current = new Map<string, Running>()
  #started = 0
  #stopped = false

  constructor(options: MachinesOptions) {
    this.#options = options
  }

  get hooks(): Hooks {
    const { database } = this.#options
    return {
      runTask: task => this.#runTask(task),
      runInstance: instance => this.#runInstance(instance),
      attributes: type =>
        type === 'AWS::RDS::DBInstance'
          ? { 'Endpoint.Address': 'localhost', 'Endpoint.Port': `${database.port}` }
          : undefined,
      masterPassword: () => database.masterPassword,
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all([...this.#running].map(end))
  }

  async #runTask({ family, containers }: TaskToRun): Promise<Running> {
    const [container] = containers
    if (container === undefined || containers.length > 1) throw new Error(`${family} must have one container`)
    return this.#start(family, commandOf(container), container.environment)
  }

  /** What the host's first script would do on Amazon Linux ends in one process: the entrypoint with the variables of host.env. */
  async #runInstance({ instanceId, userData, environment }: InstanceToRun): Promise<Running> {
    const [, lines] = /^cat > \/etc\/trivault\/host\.env <<'ENV'\n([\s\S]*?)^ENV$/m.exec(userData) ?? []
    if (lines === undefined) throw new Error(`the user data of ${instanceId} has no host.env`)
    const host = Object.fromEntries(
      lines
        .split('\n')
        .filter(line => line.includes('='))
        .map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    )
    const name = host.TRIVAULT_COMPONENT ?? instanceId
    const variables = { ...environment, ...host, TRIVAULT_SOFTWARE_ATTESTATION: this.#options.attestationUrl() }
    this.#hosts.set(name, variables)
    return this.#forEver(name, variables)
  }

  /** Whoever has the host starts its process once more, with secrets of their own in the place of those in AWS. */
  async runHostOnce(name: string, secrets: Readonly<Record<string, string>>) {
    const own = Object.entries(this.#hosts.get(name) ?? {}).filter(([key]) => !(key.replace(/_ARN$/, '') in secrets))
    const label = `${name}-once-${this.#started}`
    const { exited } = this.#start(label, [process.execPath, ENTRYPOINT], { ...Object.fromEntries(own), ...secrets })
    return { exitCode: (await exited)?.exitCode, log: this.logOf(label) }
  }

  /** Ends a host's process; its unit starts it again. */
  async restartHost(name: string): Promise<void> {
    await this.#current.get(name)?.stop()
  }

  /** What a host has logged. */
  logOf(name: string): string {
    const path = join(this.#options.dir, `${name}.log`)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  /** As the host's unit says: started again after it ended. */
  #forEver(name: string, environment: Readonly<Record<string, string>>): Running {
    let stopped = false
    const start = (): Running => {
      const current = this.#start(name, [process.execPath, ENTRYPOINT], environment)
      this.#current.set(name, current)
      return current
    }
    let current = start()
    const watch = async (): Promise<void> => {
      await current.exited
      await sleep(RESTART_MS)
      if (stopped || this.#stopped) return
      current = start()
      await watch()
    }
    void watch()
    return {
      stop: () => {
        stopped = true
        return current.stop()
      },
    }
  }

  #start(name: string, [program = '', ...args]: string[], given: Readonly<Record<string, string>>): Running {
    const { dir, bin, nodeOptions, database } = this.#options
    const run = join(dir, 'run', `${name}-${++this.#started}`)
    mkdirSync(run, { recursive: true, mode: 0o700 })
    const child = spawn(program, args, {
      env: {
        PATH: `${bin}:${process.env.PATH}`,
        ...given,
        NODE_OPTIONS: nodeOptions,
        TRIVAULT_RUN_DIR: run,
        DATABASE_CA: database.ca,
      },
      cwd: run,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#running.add(child)
    const log = createWriteStream(join(dir, `${name}.log`), { flags: 'a', mode: 0o600 })
    let last = ''
    let fatal: string | undefined
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => {
        const lines = data.toString('utf8').trim().split('\n')
        last = lines.at(-1) ?? last
        fatal = lines.find(line => line.includes('"level":"fatal"')) ?? fatal
        log.write(data)
      })
    const exited = new Promise<{ exitCode: number; reason: string }>(resolve => {
      const done = (exitCode: number): void => {
        this.#running.delete(child)
        resolve({ exitCode, reason: (fatal ?? last).slice(0, 500) })
      }
      child.once('error', () => done(127))
      child.once('close', code => done(code ?? 1))
    })
    return { stop: () => end(child), exited }
  }
}

/** The image's own command, at the place where this checkout has what an image has in /app. */
const commandOf = ({ entryPoint, command }: ContainerToRun): string[] => {
  const words = [...entryPoint, ...command]
  const asImage = words.length === 0 ? ['node', '/app/apps/entrypoint/src/main.ts'] : words
  return asImage.map(word =>
    word === 'node' ? process.execPath : word === '/app/apps/entrypoint/src/main.ts' ? ENTRYPOINT : word,
  )
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise(resolve => child.once('close', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await closed
  clearTimeout(timer)
}
