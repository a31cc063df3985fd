import { equalBytes, plain } from './bytes.ts'
import { MpcError } from './errors.ts'
import { type FrameHeader, HEADER_LENGTH, PROTOCOL_VERSION, type ProtocolId, readHeader, writeHeader } from './frame.ts'
import { sha256 } from './hash.ts'
import { type Layout, parse, Refused } from './layout.ts'

/** Randomness is injected: `n` fresh, uniform, secret bytes from the operating system. Called again for every use. */
export type Random = (n: number) => Uint8Array

/** The injected source, but its output is an own copy of exactly the length asked for. */
export const strictRandom =
  (random: Random): Random =>
  n => {
    const bytes = new Uint8Array(random(n))
    if (bytes.length !== n) throw new MpcError('invalid-argument', 'the random source returned a wrong length')
    return bytes
  }

/** A frame for one peer. `to` is the party index, 1..n. */
export type Outgoing = { to: number; frame: Uint8Array }

/**
 * Why a session ended without a result.
 * `accusation`: a check failed (this party says so, nobody else can verify it).
 * `equivocation`: this party holds two different frames of one sender for one round.
 */
export type Failure = {
  /** Check number of SPEC.md, e.g. `S3.2`. */
  check: string
  kind: 'accusation' | 'equivocation'
  /** The cheat, where the check names exactly one party. */
  party?: number
  /**
   * All parties that may have cheated; the OT state with each of them is destroyed by a signing session. Empty where the
   * cause lies with this party or in another session.
   */
  suspects: number[]
}

/** What one call produced. Once `result` or `failure` is present the session is terminal and ignores everything. */
export type Step<T> = { out: Outgoing[]; result?: T; failure?: Failure }

/**
 * A party's side of one protocol run: frames in, frames out. It never blocks, reads no clock and does no I/O.
 * `from` of `receive` must be the *authenticated* sender. Frames of later rounds are kept (one per round and sender);
 * identical repetitions, frames of other sessions and anything after the end are ignored.
 */
export interface Session<T> {
  /** First frames. Calling it twice is an `invalid-argument` error. */
  start(): Step<T>
  receive(from: number, frame: Uint8Array): Step<T>
  /** Ends the session without result or failure and erases its secrets: for timeouts and cancelled work. */
  abandon(): void
}

/** Thrown by protocol code, turned into a `Failure` by `RoundSession`. */
export class CheckFailed extends Error {
  readonly check: string
  readonly suspects: readonly number[]

  constructor(check: string, suspects: readonly number[]) {
    super(`check ${check} failed`)
    this.check = check
    this.suspects = suspects
  }
}

/** Requires `condition`; otherwise the run fails with this check number and these suspects. */
export const check = (condition: boolean, number: string, ...suspects: number[]): void => {
  if (!condition) throw new CheckFailed(number, suspects)
}

/** The message in a body; the run fails with the sender as its only suspect when the layout refuses it. */
export const read = <T>(layout: Layout<T>, body: Uint8Array, from: number): T => {
  const message = parse(layout, body)
  if (message instanceof Refused) throw new CheckFailed(message.check, [from])
  return message
}

/** Bodies (frames without header) of one round, keyed by sender. */
export type Bodies = ReadonlyMap<number, Uint8Array>

/** What a round's handler returns: the bodies of the next round by recipient, or the final result. */
export type RoundOutput<T> = { send: Map<number, Uint8Array> } | { result: T }

/** One row of the phase table: the exact body length of round r, and what happens once every peer's body is there. */
export type Round<T> = { bodyLength: number; complete: (bodies: Bodies) => RoundOutput<T> }

export type RoundProtocol<T> = {
  protocol: ProtocolId
  self: number
  peers: readonly number[]
  /** Binds every frame to this run: the first 16 bytes of the internal session hash. */
  tag: Uint8Array
  begin: () => Map<number, Uint8Array>
  /** rounds[0] handles the bodies of round 1, and so on. */
  rounds: readonly Round<T>[]
  /** Runs exactly once, when the session ends; must erase what is left of its secrets. */
  close: (failure: Failure | undefined) => void
}

/** Drives a table of rounds: phase × message, anything else is ignored or ends the session visibly. */
export class RoundSession<T> implements Session<T> {
  readonly #protocol: RoundProtocol<T>
  /** #inbox[r]: bodies of round r + 1 by sender, with the hash of the whole frame. */
  readonly #inbox: Map<number, { body: Uint8Array; hash: Uint8Array }>[]
  #round = 0
  #phase: 'new' | 'running' | 'ended' = 'new'

  constructor(protocol: RoundProtocol<T>) {
    this.#protocol = protocol
    this.#inbox = protocol.rounds.map(() => new Map())
  }

  start(): Step<T> {
    if (this.#phase !== 'new') throw new MpcError('invalid-argument', 'session was already started')
    this.#phase = 'running'
    return this.#guard(() => this.#advance({ send: this.#protocol.begin() }))
  }

  receive(from: number, frame: Uint8Array): Step<T> {
    if (this.#phase === 'ended' || !this.#protocol.peers.includes(from)) return { out: [] }
    return this.#guard(() => {
      const bytes = plain(frame)
      const header = this.#open(from, bytes)
      if (header === undefined) return { out: [] }
      const index = header.round - 1
      const inbox = this.#inbox[index]
      if (inbox === undefined) throw new CheckFailed('F.3', [from])
      const hash = sha256(bytes)
      const earlier = inbox.get(from)
      if (earlier !== undefined) {
        return equalBytes(earlier.hash, hash)
          ? { out: [] }
          : this.#end({ check: 'F.5', kind: 'equivocation', party: from, suspects: [from] })
      }
      check(bytes.length === HEADER_LENGTH + (this.#protocol.rounds[index]?.bodyLength ?? 0), 'F.4', from)
      inbox.set(from, { body: bytes.slice(HEADER_LENGTH), hash })
      return this.#phase === 'running' ? this.#drain([]) : { out: [] }
    })
  }

  abandon(): void {
    if (this.#phase !== 'ended') this.#close(undefined)
  }

  /** Header checks F.1 to F.3; undefined for a frame of another session, which is not a failure. */
  #open(from: number, frame: Uint8Array): FrameHeader | undefined {
    const header = readHeader(frame)
    if (header === undefined) throw new CheckFailed('F.1', [from])
    if (!equalBytes(header.tag, this.#protocol.tag)) return undefined
    check(header.protocol === this.#protocol.protocol && header.version === PROTOCOL_VERSION, 'F.1', from)
    check(header.from === from, 'F.2', from)
    return header
  }

  /** Handles complete rounds in order, as far as the inbox allows. */
  #drain(out: Outgoing[]): Step<T> {
    const round = this.#protocol.rounds[this.#round]
    const inbox = this.#inbox[this.#round]
    if (round === undefined || inbox === undefined || inbox.size < this.#protocol.peers.length) return { out }
    const bodies = new Map<number, Uint8Array>()
    for (const peer of this.#protocol.peers) bodies.set(peer, inbox.get(peer)?.body ?? new Uint8Array())
    const output = round.complete(bodies)
    for (const body of bodies.values()) body.fill(0)
    this.#round += 1
    return this.#advance(output, out)
  }

  #advance(output: RoundOutput<T>, out: Outgoing[] = []): Step<T> {
    if ('result' in output) {
      this.#close(undefined)
      return { out, result: output.result }
    }
    for (const [to, body] of output.send) {
      const header = {
        protocol: this.#protocol.protocol,
        version: PROTOCOL_VERSION,
        round: this.#round + 1,
        from: this.#protocol.self,
        tag: this.#protocol.tag,
      }
      out.push({ to, frame: writeHeader(header, body) })
    }
    return this.#drain(out)
  }

  #guard(action: () => Step<T>): Step<T> {
    try {
      return action()
    } catch (error) {
      if (error instanceof CheckFailed) {
        const [only] = error.suspects
        const named = error.suspects.length === 1 && only !== undefined ? { party: only } : {}
        return this.#end({ check: error.check, kind: 'accusation', ...named, suspects: [...error.suspects] })
      }
      // Nobody is accused, but what half a session did to the state it shares with its peers is unknown: it goes.
      this.#close({ check: 'internal', kind: 'accusation', suspects: [...this.#protocol.peers] })
      throw error
    }
  }

  #end(failure: Failure): Step<T> {
    this.#close(failure)
    return { out: [], failure }
  }

  #close(failure: Failure | undefined): void {
    this.#phase = 'ended'
    for (const inbox of this.#inbox) for (const { body } of inbox.values()) body.fill(0)
    this.#protocol.close(failure)
  }
}
