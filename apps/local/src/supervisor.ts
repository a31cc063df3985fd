import { LocalError } from './errors.ts'
import type { Exit, Running } from './processes.ts'

/** One process of the vault: how it starts, and what its absence means. */
export type Service = {
  readonly name: string
  /** Services of one stage start together; a stage waits for the one before. */
  readonly stage: number
  /** Said when it ends while the vault runs. */
  readonly meaning: string
  start(): Running | Promise<Running>
}

export type ServiceStatus = {
  readonly name: string
  readonly pid: number | undefined
  readonly ready: Readonly<Record<string, unknown>>
}
type Entry = { readonly running: Running; readonly ready: Readonly<Record<string, unknown>> }

/**
 * Starts services stage by stage and stops them in reverse. A service that ends by itself is reported and stays away
 * until `up` is called: whoever runs the vault shall see what happened.
 */
export class Supervisor {
  readonly #services: readonly Service[]
  readonly #say: (line: string) => void
  readonly #entries = new Map<string, Entry>()
  readonly #starting = new Set<Running>()
  #queue: Promise<unknown> = Promise.resolve()
  #stopped: Promise<void> | undefined

  constructor(services: readonly Service[], say: (line: string) => void) {
    this.#services = services
    this.#say = say
  }

  status(): ServiceStatus[] {
    return this.#services.map(({ name }) => {
      const entry = this.#entries.get(name)
      return { name, pid: entry?.running.pid, ready: entry?.ready ?? {} }
    })
  }

  /** Starts what is not running. Returns the names that it started. Throws the first failure; what started stays up. */
  up(): Promise<string[]> {
    const work = this.#queue.then(() => this.#startMissing())
    this.#queue = work.catch(() => undefined)
    return work
  }

  /** Sends a signal to a service. Throws LocalError when it does not run. */
  kill(name: string, signal: NodeJS.Signals): Promise<Exit> {
    const entry = this.#entries.get(name)
    if (!entry) throw new LocalError('bad-configuration', `${name} does not run`)
    process.kill(entry.running.pid, signal)
    return entry.running.exited
  }

  /** Stops everything, the last stage first. Resolves when all processes are gone. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll()
    return this.#stopped
  }

  async #startMissing(): Promise<string[]> {
    const started: string[] = []
    for (const stage of [...new Set(this.#services.map(service => service.stage))].sort((a, b) => a - b)) {
      const missing = this.#services.filter(service => service.stage === stage && !this.#entries.has(service.name))
      const results = await Promise.allSettled(missing.map(service => this.#start(service)))
      const failed = results.find(result => result.status === 'rejected')
      if (failed) throw failed.reason
      started.push(...missing.map(service => service.name))
    }
    return started
  }

  async #start(service: Service): Promise<void> {
    if (this.#stopped) throw new LocalError('start-failed', 'stopped while starting')
    const begun = performance.now()
    const running = await service.start()
    this.#starting.add(running)
    try {
      const ready = await running.ready
      if (this.#stopped) throw new LocalError('start-failed', 'stopped while starting')
      this.#entries.set(service.name, { running, ready })
      this.#say(`${service.name} ready (${((performance.now() - begun) / 1000).toFixed(1)} s)`)
      void running.exited.then(exit => this.#onExit(service, running, exit))
    } catch (error) {
      await running.stop()
      throw error
    } finally {
      this.#starting.delete(running)
    }
  }

  #onExit(service: Service, running: Running, exit: Exit): void {
    if (this.#entries.get(service.name)?.running !== running) return
    this.#entries.delete(service.name)
    if (this.#stopped) return
    const how = exit.signal ? `was ended by ${exit.signal}` : `ended with code ${exit.code}`
    this.#say(`${service.name} ${how}: ${service.meaning}. The rest goes on; \`npm start\` brings it back.`)
  }

  async #stopAll(): Promise<void> {
    await Promise.all([...this.#starting].map(running => running.stop()))
    await this.#queue
    for (const stage of [...new Set(this.#services.map(service => service.stage))].sort((a, b) => b - a)) {
      const names = this.#services.filter(service => service.stage === stage).map(service => service.name)
      await Promise.all(names.toReversed().map(name => this.#entries.get(name)?.running.stop()))
    }
  }
}
