import { equalBytes } from '@trivault/codec'

/** What one node brings to one attempt. */
export interface Joined {
  attempt: number
  nonce: Uint8Array
  epochs: readonly (Uint8Array | undefined)[]
}

interface EarlyFrame {
  session: Uint8Array
  frame: Uint8Array
}

const maxJoins = 256
const maxFrames = 128
const maxFrameBytes = 4 << 20

/**
 * What peers sent for tasks and sessions that this node has not come to yet: it may be an entry behind. Bounded for each
 * peer by itself, the oldest goes first; what was dropped is sent again by its sender.
 */
export class EarlyMessages {
  readonly #joins = new Map<number, Map<string, Joined>>()
  readonly #frames = new Map<number, EarlyFrame[]>()

  keepJoin(from: number, task: string, joined: Joined): void {
    const own = this.#joins.get(from) ?? new Map<string, Joined>()
    this.#joins.set(from, own)
    const known = own.get(task)
    if (known !== undefined && known.attempt > joined.attempt) return
    own.delete(task)
    own.set(task, joined)
    const [oldest] = own.keys()
    if (own.size > maxJoins && oldest !== undefined) own.delete(oldest)
  }

  hasJoin(task: string): boolean {
    return [...this.#joins.values()].some(own => own.has(task))
  }

  /** Removes and returns what came for a task, by sender. */
  takeJoins(task: string): Map<number, Joined> {
    const taken = new Map<number, Joined>()
    for (const [from, own] of this.#joins) {
      const joined = own.get(task)
      if (joined !== undefined) taken.set(from, joined)
      own.delete(task)
    }
    return taken
  }

  keepFrame(from: number, session: Uint8Array, frame: Uint8Array): void {
    const own = this.#frames.get(from) ?? []
    this.#frames.set(from, own)
    // A copy: the frame may be a small part of a large envelope.
    own.push({ session, frame: frame.slice() })
    let size = own.reduce((sum, one) => sum + one.frame.length, 0)
    while (own.length > maxFrames || size > maxFrameBytes) size -= own.shift()?.frame.length ?? 0
  }

  /** Removes and returns what came for a session, in order of arrival per sender. */
  takeFrames(session: Uint8Array): { from: number; frame: Uint8Array }[] {
    const taken: { from: number; frame: Uint8Array }[] = []
    for (const [from, own] of this.#frames) {
      for (const { frame } of own.filter(one => equalBytes(one.session, session))) taken.push({ from, frame })
      this.#frames.set(
        from,
        own.filter(one => !equalBytes(one.session, session)),
      )
    }
    return taken
  }

  forget(from: number): void {
    this.#joins.delete(from)
    this.#frames.delete(from)
  }
}
