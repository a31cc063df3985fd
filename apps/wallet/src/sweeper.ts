/** Repeats one piece of work: one round at a time, and another one after a round during which it was asked for. */
export class Sweeper {
  readonly #round: () => Promise<void>
  readonly #onError: (error: unknown) => void
  #running = false
  #again = false

  /** A round that fails goes to `onError`; the next one is not kept from running. */
  constructor(round: () => Promise<void>, onError: (error: unknown) => void) {
    this.#round = round
    this.#onError = onError
  }

  /** Begins a round now, or once more after the one that runs. */
  wake(): void {
    if (this.#running) {
      this.#again = true
      return
    }
    this.#running = true
    this.#round()
      .catch(this.#onError)
      .finally(() => {
        this.#running = false
        if (!this.#again) return
        this.#again = false
        this.wake()
      })
  }
}
