import { Duplex } from 'node:stream'
import { type CoreMessage, LinkError, MAX_PIPE_BYTES, printable } from './link.ts'

/** Most bytes under way in one direction: sent, and not yet taken by the reader. */
export const PIPE_WINDOW = 256 * 1024

export type PipeMessage = Extract<CoreMessage, { type: 'pipeBytes' | 'pipeTaken' | 'pipeClose' }>
type Post = (message: PipeMessage) => void

/** The pipes of one end of the link. The core opens them, numbered from 1; either end closes both directions. */
export class Pipes {
  readonly #post: Post
  readonly #open = new Map<number, Pipe>()
  #last = 0

  constructor(post: Post) {
    this.#post = post
  }

  /** Number of the newest pipe. */
  get last(): number {
    return this.#last
  }

  get size(): number {
    return this.#open.size
  }

  /** The next pipe. Throws LinkError malformed on another `number`. */
  open(number = this.#last + 1): Duplex {
    if (number !== this.#last + 1) throw new LinkError('malformed', 'a pipe out of order')
    this.#last = number
    const pipe = new Pipe(number, this.#post)
    this.#open.set(number, pipe)
    // Whoever uses the pipe hears of an error too; without any listener it would end the process.
    pipe.on('error', () => undefined).on('close', () => this.#open.delete(number))
    return pipe
  }

  /** Bytes for a pipe that is over are dropped. Throws LinkError malformed on what breaks the rules. */
  receive(message: PipeMessage): void {
    if (message.pipe > this.#last || message.pipe === 0) throw new LinkError('malformed', 'a pipe that is not open')
    this.#open.get(message.pipe)?.receive(message)
  }

  /** The link is over. */
  end(): void {
    for (const pipe of this.#open.values()) pipe.destroy(new LinkError('closed', 'the link is over'))
  }
}

/** One end of a byte pipe: what is written waits for room at the other end, what is received lies within the window. */
class Pipe extends Duplex {
  readonly #number: number
  readonly #post: Post
  #room = PIPE_WINDOW
  #untaken = 0
  #isOver = false
  #waiting: { bytes: Uint8Array; done: (error?: Error) => void } | undefined

  constructor(number: number, post: Post) {
    super({ allowHalfOpen: false })
    this.#number = number
    this.#post = post
  }

  receive(message: PipeMessage): void {
    if (this.#isOver) return
    if (message.type === 'pipeTaken') {
      this.#room += message.length
      if (this.#room > PIPE_WINDOW) throw new LinkError('malformed', 'more taken from a pipe than was sent')
      this.#flush()
    } else if (message.type === 'pipeBytes') {
      this.#untaken += message.bytes.length
      if (this.#untaken > PIPE_WINDOW) throw new LinkError('malformed', 'more in a pipe than its window')
      this.push(message.bytes)
    } else {
      this.#isOver = true
      this.#giveUp()
      if (message.reason === '') this.push(null)
      else this.destroy(new LinkError('refused', printable(message.reason, 256)))
    }
  }

  /** The reader has room. Small amounts are not worth a message each. */
  override _read(): void {
    if (this.#isOver || this.#untaken < PIPE_WINDOW / 4) return
    this.#post({ type: 'pipeTaken', pipe: this.#number, length: this.#untaken })
    this.#untaken = 0
  }

  override _write(bytes: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    this.#waiting = { bytes, done }
    if (this.#isOver) this.#giveUp()
    else this.#flush()
  }

  override _final(done: () => void): void {
    this.#close('')
    this.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#close(error instanceof LinkError ? printable(error.message, 256) : 'the connection broke')
    this.#waiting = undefined
    done(error)
  }

  #flush(): void {
    while (this.#waiting !== undefined && this.#room > 0) {
      const { bytes, done } = this.#waiting
      const part = bytes.subarray(0, Math.min(this.#room, MAX_PIPE_BYTES))
      this.#room -= part.length
      this.#post({ type: 'pipeBytes', pipe: this.#number, bytes: part })
      const rest = bytes.subarray(part.length)
      this.#waiting = rest.length > 0 ? { bytes: rest, done } : undefined
      if (rest.length === 0) done()
    }
  }

  /** What could not be sent will not be. */
  #giveUp(): void {
    this.#waiting?.done(new LinkError('closed', 'the other end closed the pipe'))
    this.#waiting = undefined
  }

  #close(reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#post({ type: 'pipeClose', pipe: this.#number, reason })
  }
}
