import { concat, equalBytes, toHex, utf8 } from '@trivault/codec'
import { type Failure, MpcError, type Session, type Step } from '@trivault/mpc'
import { type PeerMessage, taggedHash } from '@trivault/protocol'
import { EarlyMessages, type Joined } from './early-messages.ts'
import type { Log, Metrics } from './ports.ts'

/** Something the listed nodes do together: one live session at a time, as many attempts as it takes. */
export interface Task {
  /** Equal at all nodes, e.g. `sign/<operation>/<part>/<variant>`. */
  name: string
  /** Node indexes, ascending, own included. The first one's invitations go before the own order. */
  nodes: readonly number[]
  /** Everything the session must be about; goes into the session id. */
  binding: Uint8Array
  /** Set-ups that others wait for do not count against the limit of live sessions. */
  unlimited: boolean
  /** May this node take part now? Otherwise it joins later, and what arrives for a live session is dropped. */
  ready(): boolean
  /** The OT epoch that this node would use with each node; nodes begin only when theirs agree. */
  epochs(): (Uint8Array | undefined)[]
  create(sessionId: Uint8Array): Session<unknown>
  complete(result: unknown, sessionId: Uint8Array): void
  /** An authenticated cheat: the task ends, and is not tried again. */
  failed(failure: Failure): void
}

interface Live {
  id: Uint8Array
  machine: Session<unknown>
  /** Own frames, sent again until the session ends, and after its end to whoever still asks. */
  sent: { to: number; frame: Uint8Array }[]
  answeredAt: number
}

interface Running {
  task: Task
  phase: 'open' | 'done' | 'failed'
  attempt: number
  joined: Map<number, Joined>
  /** Of this attempt: its id is never begun a second time. */
  session: Live | undefined
  /** Something broke off: nothing more happens in this attempt. */
  spent: boolean
  deadline: number
  resendAt: number
  resendAfter: number
}

export interface JointSessionsOptions {
  self: number
  vaultId: Uint8Array
  random: (length: number) => Uint8Array
  /** Milliseconds; never goes back. */
  now: () => number
  send: (to: number, message: PeerMessage) => void
  log: Log
  metrics: Metrics
}

const firstTimeout = 10_000
const longestTimeout = 40_000
const firstResend = 750
const longestResend = 6_000
const renewAfterBreak = 1_000
const maxLive = 8
/** One message moves the attempt counter by no more than this; a peer that is further ahead is reached in steps. */
const maxAttemptJump = 1000
const maxAttempt = 0xf000_0000

/**
 * Agrees on fresh session ids and drives the protocol state machines. Every node sends 32 fresh bytes; the session id is the
 * hash of the task and of all nodes' bytes, so no party alone decides it and none is used twice. A lost message, a late one
 * or a silent peer is never a failure: messages are sent again as they were, and an attempt that gets nowhere is followed by
 * one with a new id.
 */
export class JointSessions {
  readonly #options: JointSessionsOptions
  readonly #running = new Map<string, Running>()
  readonly #queue: Task[] = []
  readonly #bySession = new Map<string, Running>()
  readonly #early = new EarlyMessages()

  constructor(options: JointSessionsOptions) {
    this.#options = options
  }

  /** Tasks that are begun and not at their end. */
  get live(): number {
    return [...this.#running.values()].filter(({ phase }) => phase === 'open').length
  }

  /** Is the task known and not at its end? */
  isOpen(name: string): boolean {
    return this.#running.get(name)?.phase === 'open' || this.#queue.some(task => task.name === name)
  }

  has(name: string): boolean {
    return this.#running.has(name) || this.isOpen(name)
  }

  /** Does a peer want to do this, while it is no task of this node? */
  isAwaited(name: string): boolean {
    return !this.has(name) && this.#early.hasJoin(name)
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

  /** Does a finished task once more, in a new attempt; the other nodes follow its join. */
  renew(name: string): void {
    const running = this.#running.get(name)
    if (running?.phase === 'done') this.#attempt(running, running.attempt + 1)
  }

  dropWhere(matches: (name: string) => boolean): void {
    for (const name of [...this.#running.keys(), ...this.#queue.map(task => task.name)])
      if (matches(name)) this.drop(name)
  }

  /** What a node said before its reboot no longer holds. */
  forgetPeer(peer: number): void {
    this.#early.forget(peer)
    for (const running of this.#running.values()) {
      running.joined.delete(peer)
      if (isLive(running) && running.task.nodes.includes(peer)) this.#breakOff(running, 0)
    }
  }

  /**
   * J6: ends live sessions over the OT epoch with a node, which goes away; new attempts follow. Without this a session would
   * find its state gone and fail.
   */
  epochGone(peer: number): void {
    for (const running of this.#running.values())
      if (isLive(running) && running.joined.get(this.#options.self)?.epochs[peer] !== undefined)
        this.#breakOff(running, 0)
  }

  tick(): void {
    const now = this.#options.now()
    for (const running of [...this.#running.values()]) {
      if (running.phase !== 'open') continue
      const isDue = (isLive(running) || running.spent) && now >= running.deadline
      if (isDue) this.#options.metrics.count('session_attempts_ended')
      if (isDue || this.#hasOtherEpochs(running)) this.#attempt(running, running.attempt + 1)
      else if (now >= running.resendAt) this.#resend(running)
    }
    this.#fill()
  }

  receiveJoin(from: number, message: Extract<PeerMessage, { type: 'join' }>): void {
    const { task: name, attempt, nonce, epochs } = message
    // J3.
    if (epochs.length !== 3 || attempt < 1 || attempt > maxAttempt) return
    const joined: Joined = { attempt, nonce, epochs }
    const running = this.#running.get(name) ?? this.#invited(name, from)
    if (running === undefined) {
      this.#early.keepJoin(from, name, joined)
      return
    }
    const known = running.joined.get(from)
    if (!running.task.nodes.includes(from) || running.phase === 'failed') return
    if (known !== undefined && attempt < known.attempt) return
    // J3: a peer that is too far ahead says it again once this node has come closer.
    if (attempt <= running.attempt + maxAttemptJump) running.joined.set(from, joined)
    const isNew = known === undefined || known.attempt !== attempt || !equalBytes(known.nonce, nonce)
    const target = Math.min(attempt, running.attempt + maxAttemptJump)
    if (target > running.attempt) this.#attempt(running, target)
    // J4: the sender has lost the attempt, or never had its end: it needs another one.
    else if (running.phase === 'done' ? isNew : running.session !== undefined && isNew && attempt === running.attempt)
      this.#attempt(running, running.attempt + 1)
    else if (attempt < running.attempt) this.#join(running, [from])
    else this.#startIfComplete(running)
  }

  receiveFrame(from: number, session: Uint8Array, frame: Uint8Array): void {
    const running = this.#bySession.get(toHex(session))
    if (running?.session === undefined) {
      this.#early.keepFrame(from, session, frame)
      return
    }
    if (running.phase === 'done') this.#answerLate(running.session, from)
    // J5.
    if (running.phase !== 'open' || !running.task.ready()) {
      if (running.phase === 'open') this.#options.metrics.count('session_frames_refused')
      return
    }
    const { machine } = running.session
    this.#drive(running, () => machine.receive(from + 1, frame))
  }

  /** Begins a task at the word of a peer; beyond the limit only at that of its first node, so that queues cannot cross. */
  #invited(name: string, from: number): Running | undefined {
    const task = this.#queue.find(one => one.name === name)
    if (task === undefined || !task.nodes.includes(from) || !task.ready()) return undefined
    const room = this.#limited < (from === task.nodes[0] ? 2 * maxLive : maxLive)
    return task.unlimited || room ? this.#begin(task) : undefined
  }

  get #limited(): number {
    return [...this.#running.values()].filter(({ phase, task }) => phase === 'open' && !task.unlimited).length
  }

  #fill(): void {
    let room = maxLive - this.#limited
    for (const task of [...this.#queue]) {
      if ((room <= 0 && !task.unlimited) || !task.ready() || !this.#queue.includes(task)) continue
      this.#begin(task)
      room = maxLive - this.#limited
    }
  }

  #begin(task: Task): Running {
    this.#queue.splice(this.#queue.indexOf(task), 1)
    const joined = this.#early.takeJoins(task.name)
    const running: Running = {
      ...{ task, phase: 'open', attempt: 0, joined, session: undefined, spent: false },
      ...{ deadline: 0, resendAt: 0, resendAfter: firstResend },
    }
    this.#running.set(task.name, running)
    const highest = Math.max(1, ...[...joined.values()].map(({ attempt }) => attempt))
    this.#attempt(running, Math.min(highest, maxAttemptJump))
    return running
  }

  #attempt(running: Running, attempt: number): void {
    if (attempt > maxAttempt) return
    this.#endSession(running)
    const now = this.#options.now()
    const epochs = running.task.epochs()
    running.phase = 'open'
    running.attempt = attempt
    running.spent = false
    running.resendAfter = firstResend
    running.resendAt = now + firstResend
    running.joined.set(this.#options.self, { attempt, nonce: this.#options.random(32), epochs })
    this.#join(running, running.task.nodes)
    this.#startIfComplete(running)
  }

  #join(running: Running, to: readonly number[]): void {
    const own = running.joined.get(this.#options.self)
    if (own === undefined) return
    const { attempt, nonce } = own
    for (const node of to)
      if (node !== this.#options.self)
        this.#options.send(node, { type: 'join', task: running.task.name, attempt, nonce, epochs: [...own.epochs] })
  }

  /** The same bytes again: receivers ignore what they have. */
  #resend(running: Running): void {
    this.#options.metrics.count('session_resends')
    running.resendAfter = Math.min(longestResend, running.resendAfter * 2)
    running.resendAt = this.#options.now() + running.resendAfter
    this.#join(running, running.task.nodes)
    const { session } = running
    for (const { to, frame } of session?.sent ?? [])
      this.#options.send(to, { type: 'frame', session: session?.id ?? new Uint8Array(), frame })
  }

  /** A peer still works on a session that has ended here: it may lack the last frames. */
  #answerLate(session: Live, to: number): void {
    const now = this.#options.now()
    if (now < session.answeredAt + firstResend) return
    session.answeredAt = now
    for (const { frame } of session.sent.filter(one => one.to === to))
      this.#options.send(to, { type: 'frame', session: session.id, frame })
  }

  /** J2: has this node got other OT epochs than it announced for this attempt? */
  #hasOtherEpochs(running: Running): boolean {
    const announced = running.joined.get(this.#options.self)?.epochs ?? []
    const current = running.task.epochs()
    return running.session === undefined && !current.every((epoch, node) => sameEpoch(epoch, announced[node]))
  }

  #startIfComplete(running: Running): void {
    const { task, attempt, joined } = running
    // J1: an attempt is begun once; its nonce is fresh.
    if (running.session !== undefined || running.spent || running.phase !== 'open') return
    const all = task.nodes.map(node => joined.get(node))
    if (!all.every(one => one?.attempt === attempt)) return
    if (!task.ready() || this.#hasOtherEpochs(running) || !epochsAgree(task.nodes, joined)) return
    const id = taggedHash(
      'session',
      this.#options.vaultId,
      taggedHash('task', utf8(task.name), task.binding),
      Uint8Array.from(task.nodes),
      utf8(String(attempt)),
      concat(...all.map(one => one?.nonce ?? new Uint8Array())),
    )
    const now = this.#options.now()
    running.deadline = now + Math.min(longestTimeout, firstTimeout * 1.5 ** Math.min(attempt - 1, 8))
    running.deadline += 4 * (this.#options.random(1)[0] ?? 0)
    let machine: Session<unknown>
    try {
      machine = task.create(id)
    } catch (error) {
      this.#broken(running, error)
      return
    }
    running.session = { id, machine, sent: [], answeredAt: 0 }
    this.#bySession.set(toHex(id), running)
    this.#drive(running, () => machine.start())
    for (const { from, frame } of this.#early.takeFrames(id)) this.receiveFrame(from, id, frame)
  }

  #drive(running: Running, step: () => Step<unknown>): void {
    const { session, task } = running
    if (session === undefined) return
    let result: Step<unknown>
    try {
      result = step()
    } catch (error) {
      this.#broken(running, error)
      return
    }
    for (const { to, frame } of result.out) {
      session.sent.push({ to: to - 1, frame })
      this.#options.send(to - 1, { type: 'frame', session: session.id, frame })
    }
    if (result.out.length > 0) running.resendAt = this.#options.now() + running.resendAfter
    // Q2: ended for good, by a check only (Q3).
    if (result.failure !== undefined) {
      this.#endSession(running)
      running.phase = 'failed'
      task.failed(result.failure)
    } else if (result.result !== undefined) {
      running.phase = 'done'
      task.complete(result.result, session.id)
      this.#fill()
    }
  }

  #broken(running: Running, error: unknown): void {
    const code = error instanceof MpcError ? error.code : 'internal'
    this.#options.log('error', 'protocol session broke off', { task: running.task.name, code })
    this.#breakOff(running, renewAfterBreak)
  }

  #breakOff(running: Running, renewAfter: number): void {
    this.#endSession(running)
    running.spent = true
    running.deadline = this.#options.now() + renewAfter
  }

  #endSession(running: Running): void {
    if (running.session === undefined) return
    this.#bySession.delete(toHex(running.session.id))
    running.session.machine.abandon()
    running.session = undefined
  }
}

const isLive = ({ phase, session }: Running): boolean => phase === 'open' && session !== undefined

/** For each pair, both name the same OT epoch (or both none). */
function epochsAgree(nodes: readonly number[], joined: ReadonlyMap<number, Joined>): boolean {
  return nodes.every(a => nodes.every(b => a === b || sameEpoch(joined.get(a)?.epochs[b], joined.get(b)?.epochs[a])))
}

function sameEpoch(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b)
}
