import { compareBytes, concat, equalBytes, toHex, utf8 } from '@trivault/codec'
import { type Failure, MpcError, type Session, type Step } from '@trivault/mpc'
import { type PeerMessage, taggedHash } from '@trivault/protocol'
import type { Log, Metrics } from './ports.ts'

/** Something the listed nodes do together: one live session at a time, as many attempts as it takes. */
export interface Task {
  /** Equal at all nodes, e.g. `sign/<operation>/<part>/<variant>`. */
  name: string
  /** Node indexes, ascending, own included. */
  nodes: readonly number[]
  /** Everything the session must be about; goes into the session id. */
  binding: Uint8Array
  /** May this node take part now? Otherwise it joins later. */
  ready(): boolean
  /** The OT epoch that this node would use with each node; nodes begin only when theirs agree. */
  epochs(): (Uint8Array | undefined)[]
  create(sessionId: Uint8Array): Session<unknown>
  complete(result: unknown, sessionId: Uint8Array): void
  /** An authenticated cheat: the task ends, and is not tried again. */
  failed(failure: Failure): void
}

interface Joined {
  attempt: number
  nonce: Uint8Array
  epochs: readonly (Uint8Array | undefined)[]
}

interface Running {
  task: Task
  attempt: number
  joined: Map<number, Joined>
  session: { id: Uint8Array; machine: Session<unknown> } | undefined
  deadline: number
  finished: boolean
}

export interface JointSessionsOptions {
  self: number
  vaultId: Uint8Array
  random: (length: number) => Uint8Array
  /** Milliseconds. */
  now: () => number
  send: (to: number, message: PeerMessage) => void
  log: Log
  metrics: Metrics
}

const firstTimeout = 4_000
const longestTimeout = 20_000
const maxLive = 8
/** A peer cannot push the attempt counter further than this at once. */
const maxAttemptJump = 1000
const maxEarlyFrames = 256
const maxEarlyTasks = 256

/**
 * Agrees on fresh session ids and drives the protocol state machines. Every node sends 32 fresh bytes; the session id is the
 * hash of the task and of all nodes' bytes, so no party alone decides it and none is used twice. A lost message, a late one
 * or a silent peer is never a failure: the attempt ends by time-out and the next one has a new id.
 */
export class JointSessions {
  readonly #options: JointSessionsOptions
  readonly #running = new Map<string, Running>()
  readonly #queue: Task[] = []
  readonly #bySession = new Map<string, Running>()
  /** Joins for tasks that this node has not come to yet: it may be an entry behind. */
  readonly #earlyJoins = new Map<string, Map<number, Joined>>()
  #earlyFrames: { from: number; session: Uint8Array; frame: Uint8Array }[] = []

  constructor(options: JointSessionsOptions) {
    this.#options = options
  }

  get live(): number {
    return [...this.#running.values()].filter(running => !running.finished).length
  }

  has(name: string): boolean {
    return this.#running.has(name) || this.#queue.some(task => task.name === name)
  }

  /** Takes up a task; the same name again is ignored. */
  add(task: Task): void {
    if (this.has(task.name)) return
    this.#queue.push(task)
    this.#fill()
  }

  /** Forgets a task, for instance because its result is certified. */
  drop(name: string): void {
    const at = this.#queue.findIndex(task => task.name === name)
    if (at >= 0) this.#queue.splice(at, 1)
    const running = this.#running.get(name)
    if (running === undefined) return
    this.#endSession(running)
    this.#running.delete(name)
    this.#fill()
  }

  dropWhere(matches: (name: string) => boolean): void {
    for (const name of [...this.#running.keys(), ...this.#queue.map(task => task.name)])
      if (matches(name)) this.drop(name)
  }

  /** Begins an attempt anew, for instance because a peer has rebooted. */
  restart(name: string): void {
    const running = this.#running.get(name)
    if (running !== undefined && !running.finished) this.#attempt(running, running.attempt + 1)
  }

  tick(): void {
    const now = this.#options.now()
    for (const running of [...this.#running.values()]) {
      if (running.finished || now < running.deadline) continue
      this.#options.metrics.count('session_attempts_timed_out')
      this.#attempt(running, running.attempt + 1)
    }
    this.#fill()
  }

  receiveJoin(from: number, message: Extract<PeerMessage, { type: 'join' }>): void {
    const { task: name, attempt, nonce, epochs } = message
    const joined: Joined = { attempt, nonce, epochs }
    let running = this.#running.get(name)
    if (running === undefined) {
      this.#keepEarly(name, from, joined)
      const queued = this.#queue.find(task => task.name === name)
      if (queued?.ready() !== true) return
      running = this.#begin(queued)
    }
    if (!running.task.nodes.includes(from) || attempt > running.attempt + maxAttemptJump) return
    if (attempt < running.attempt) {
      if (!running.finished) this.#join(running, [from])
      return
    }
    running.joined.set(from, joined)
    if (attempt > running.attempt) this.#attempt(running, attempt)
    else this.#startIfComplete(running)
  }

  receiveFrame(from: number, session: Uint8Array, frame: Uint8Array): void {
    const running = this.#bySession.get(toHex(session))
    if (running?.session === undefined) {
      if (this.#earlyFrames.length >= maxEarlyFrames) this.#earlyFrames.shift()
      this.#earlyFrames.push({ from, session, frame })
      return
    }
    const { machine } = running.session
    this.#drive(running, () => machine.receive(from + 1, frame))
  }

  #fill(): void {
    for (const task of [...this.#queue]) {
      if (this.live >= maxLive) return
      if (task.ready()) this.#begin(task)
    }
  }

  #begin(task: Task): Running {
    this.#queue.splice(this.#queue.indexOf(task), 1)
    const joined = this.#earlyJoins.get(task.name) ?? new Map<number, Joined>()
    this.#earlyJoins.delete(task.name)
    const running: Running = { task, attempt: 0, joined, session: undefined, deadline: 0, finished: false }
    this.#running.set(task.name, running)
    this.#attempt(running, Math.max(1, ...[...joined.values()].map(({ attempt }) => Math.min(attempt, maxAttemptJump))))
    return running
  }

  #attempt(running: Running, attempt: number): void {
    this.#endSession(running)
    running.finished = false
    running.attempt = attempt
    running.deadline =
      this.#options.now() +
      Math.min(longestTimeout, firstTimeout * 1.5 ** Math.min(attempt - 1, 8)) +
      (this.#options.random(1)[0] ?? 0)
    running.joined.set(this.#options.self, { attempt, nonce: this.#options.random(32), epochs: running.task.epochs() })
    this.#join(running, running.task.nodes)
    this.#startIfComplete(running)
  }

  #join(running: Running, to: readonly number[]): void {
    const own = running.joined.get(this.#options.self)
    if (own === undefined) return
    for (const node of to)
      if (node !== this.#options.self)
        this.#options.send(node, {
          type: 'join',
          task: running.task.name,
          attempt: own.attempt,
          nonce: own.nonce,
          epochs: [...own.epochs],
        })
  }

  #startIfComplete(running: Running): void {
    const { task, attempt, joined } = running
    if (running.session !== undefined || running.finished) return
    const all = task.nodes.map(node => joined.get(node))
    if (!all.every(one => one?.attempt === attempt)) return
    if (!task.ready() || !epochsAgree(task.nodes, joined)) return
    const nonces = concat(...all.map(one => one?.nonce ?? new Uint8Array()))
    const id = taggedHash(
      'session',
      this.#options.vaultId,
      taggedHash('task', utf8(task.name), task.binding),
      Uint8Array.from(task.nodes),
      utf8(String(attempt)),
      nonces,
    )
    const machine = task.create(id)
    running.session = { id, machine }
    this.#bySession.set(toHex(id), running)
    this.#drive(running, () => machine.start())
    const early = this.#earlyFrames.filter(frame => equalBytes(frame.session, id))
    this.#earlyFrames = this.#earlyFrames.filter(frame => !equalBytes(frame.session, id))
    for (const { from, session, frame } of early) this.receiveFrame(from, session, frame)
  }

  #drive(running: Running, step: () => Step<unknown>): void {
    const { session, task } = running
    if (session === undefined) return
    let result: Step<unknown>
    try {
      result = step()
    } catch (error) {
      this.#options.log('error', 'protocol session broke off', {
        task: task.name,
        code: error instanceof MpcError ? error.code : 'internal',
      })
      this.#endSession(running)
      return // the time-out begins the next attempt
    }
    for (const { to, frame } of result.out) this.#options.send(to - 1, { type: 'frame', session: session.id, frame })
    if (result.failure !== undefined) {
      this.#endSession(running)
      running.finished = true
      task.failed(result.failure)
    } else if (result.result !== undefined) {
      this.#endSession(running)
      running.finished = true
      task.complete(result.result, session.id)
      this.#fill()
    }
  }

  #endSession(running: Running): void {
    if (running.session !== undefined) this.#bySession.delete(toHex(running.session.id))
    running.session = undefined
  }

  #keepEarly(name: string, from: number, joined: Joined): void {
    if (!this.#earlyJoins.has(name) && this.#earlyJoins.size >= maxEarlyTasks) {
      const [oldest] = this.#earlyJoins.keys()
      if (oldest !== undefined) this.#earlyJoins.delete(oldest)
    }
    const known = this.#earlyJoins.get(name) ?? new Map<number, Joined>()
    known.set(from, joined)
    this.#earlyJoins.set(name, known)
  }
}

/** For each pair, both name the same OT epoch (or both none). */
function epochsAgree(nodes: readonly number[], joined: ReadonlyMap<number, Joined>): boolean {
  return nodes.every(a =>
    nodes.every(b => {
      const one = joined.get(a)?.epochs[b]
      const other = joined.get(b)?.epochs[a]
      return (
        a === b || (one === undefined ? other === undefined : other !== undefined && compareBytes(one, other) === 0)
      )
    }),
  )
}
