/** Seeded uniform numbers (the xorshift-multiply mixer of a 32-bit Weyl sequence). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1)
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** In 0 … below − 1. */
  int(below: number): number {
    return Math.floor(this.next() * below)
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.int(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }
}

type Task = () => void | Promise<void>

/** Tasks in order of time, then of arrival (a binary heap). */
export class EventQueue {
  #heap: { at: number; order: number; task: Task }[] = []
  #order = 0
  now = 0
  handled = 0

  add(at: number, task: Task): void {
    this.#heap.push({ at: Math.max(at, this.now), order: this.#order++, task })
    let child = this.#heap.length - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (!this.#before(child, parent)) break
      this.#swap(child, parent)
      child = parent
    }
  }

  isDue(until: number): boolean {
    const [first] = this.#heap
    return first !== undefined && first.at <= until
  }

  /** The next task that is due by `until`, and the clock moves there; undefined moves it to `until`. */
  next(until: number): Task | undefined {
    const [first] = this.#heap
    if (first === undefined || first.at > until) {
      this.now = Math.max(this.now, until)
      return undefined
    }
    const last = this.#heap.pop()
    if (last !== undefined && last !== first) {
      this.#heap[0] = last
      this.#sink()
    }
    this.now = first.at
    this.handled++
    return first.task
  }

  clear(): void {
    this.#heap = []
  }

  #sink(): void {
    let parent = 0
    for (;;) {
      const left = 2 * parent + 1
      let least = parent
      if (left < this.#heap.length && this.#before(left, least)) least = left
      if (left + 1 < this.#heap.length && this.#before(left + 1, least)) least = left + 1
      if (least === parent) return
      this.#swap(parent, least)
      parent = least
    }
  }

  #before(i: number, j: number): boolean {
    const [a, b] = [this.#heap[i], this.#heap[j]]
    if (a === undefined || b === undefined) return false
    return a.at < b.at || (a.at === b.at && a.order < b.order)
  }

  #swap(i: number, j: number): void {
    const [a, b] = [this.#heap[i], this.#heap[j]]
    if (a === undefined || b === undefined) return
    this.#heap[i] = b
    this.#heap[j] = a
  }
}
