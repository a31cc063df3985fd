import { SerialQueue } from '@trivault/ledger'
import { reasonOf } from './errors.ts'
import type { Log } from './ports.ts'

const retryEvery = 2_000

export interface CertifiedWorkOptions<State> {
  /** Takes up what this state asks for. Failing is allowed: it is tried again. */
  take: (state: State) => Promise<void>
  now: () => number
  log: Log
}

/**
 * The work that certified states ask for, one piece after another. Of states that arrive while one is taken up only the newest counts:
 * it asks for everything that the others did.
 */
export class CertifiedWork<State> {
  readonly #options: CertifiedWorkOptions<State>
  readonly #queue = new SerialQueue()
  #waiting: { state: State } | undefined
  #retryAt: number | undefined

  constructor(options: CertifiedWorkOptions<State>) {
    this.#options = options
  }

  follow(state: State): void {
    const isQueued = this.#waiting !== undefined
    const waiting = { state }
    this.#waiting = waiting
    if (isQueued) return
    this.run(
      'taking up certified work',
      () => {
        const newest = this.#waiting ?? waiting
        this.#waiting = undefined
        return this.#options.take(newest.state)
      },
      () => this.retry(),
    )
  }

  /** After everything before it; a failure is logged. */
  run(what: string, work: () => Promise<void>, failed = (): void => {}): void {
    this.#queue.run(work).catch((error: unknown) => {
      this.#options.log('error', `${what} failed`, { reason: reasonOf(error) })
      failed()
    })
  }

  /** The next `tick` that is due takes up its state again. */
  retry(): void {
    this.#retryAt = this.#options.now() + retryEvery
  }

  tick(state: State): void {
    if (this.#retryAt === undefined || this.#options.now() < this.#retryAt) return
    this.#retryAt = undefined
    this.follow(state)
  }
}
