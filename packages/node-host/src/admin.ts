import { type Codec, CodecError, decode } from '@trivault/codec'
import { type Answer, decodeEnvelope, encodeEnvelope, type SignedHold, signedHoldCodec } from '@trivault/protocol'

const ANSWER_MS = 5_000

interface Reply {
  status: number
  answer: unknown
}

/**
 * Where a node's own admin brings a freeze or veto, without wallet and broker. Nobody is believed here: an owner's device signed
 * the statement, and the core checks it.
 */
export class AdminDesk {
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #deliver: ((message: Uint8Array) => void) | undefined
  #next = 1

  /** From now on there is a core to ask. */
  open(deliver: (message: Uint8Array) => void): void {
    this.#deliver = deliver
  }

  /** An answer of the core. */
  receive(message: Uint8Array): void {
    const envelope = decodeEnvelope(message)
    if (envelope.type !== 'answer') return
    this.#waiting.get(envelope.id)?.(envelope.answer)
    this.#waiting.delete(envelope.id)
  }

  /** Brings the encoded statement to the core: 200 once it is durable there, 409 with the core's reason, 503 without an answer. */
  async bring(body: Uint8Array): Promise<Reply> {
    let hold: SignedHold
    try {
      hold = decode(signedHoldCodec as Codec<SignedHold>, body)
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      return refused(400, 'malformed', 'the body is not a signed freeze or veto')
    }
    const id = this.#next++
    const answered = new Promise<Answer | undefined>(resolve => {
      const timer = setTimeout(() => resolve(undefined), ANSWER_MS)
      this.#waiting.set(id, answer => {
        clearTimeout(timer)
        resolve(answer)
      })
    })
    this.#deliver?.(encodeEnvelope({ type: 'query', id, query: { type: 'hold', ...hold } }))
    const answer = await answered
    this.#waiting.delete(id)
    if (answer === undefined) return refused(503, 'node-down', 'the core of this node does not answer')
    return answer.type === 'held'
      ? { status: 200, answer: { Held: true } }
      : answer.type === 'refused'
        ? refused(409, answer.code, answer.message)
        : refused(503, 'internal-error', 'the core gave another answer')
  }
}

const refused = (status: number, code: string, message: string): Reply => ({ status, answer: { code, message } })
