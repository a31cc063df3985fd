import {
  bool,
  bytes,
  type Codec,
  CodecError,
  decode,
  fixed,
  int53,
  list,
  mapped,
  option,
  passing,
  struct,
  tagged,
  text,
  u8,
  u32,
  type ValueOf,
  Writer,
  word,
} from '@trivault/codec'

/** Version of the messages below; core and host are installed together, so a difference is a mistake of the installation. */
export const LINK_VERSION = 2
/** Bytes of one message behind its length. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024
/** Bytes of one mailbox message. */
export const MAX_MAIL_BYTES = 4 * 1024 * 1024
/** Rows of one message. */
export const MAX_ROWS = 4096
/** Bytes of a pipe in one message. */
export const MAX_PIPE_BYTES = 65_536

/**
 * `malformed` the other side broke the protocol; `closed` the link is down; `timeout` no answer in time; `too-large` a
 * message above the bounds; `refused` the host could not do what was asked, its words are in the message.
 */
export type LinkErrorCode = 'malformed' | 'closed' | 'timeout' | 'too-large' | 'refused'

export class LinkError extends Error {
  override readonly name = 'LinkError'
  readonly code: LinkErrorCode

  constructor(code: LinkErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

const id = int53
const table = text(64)
const key = text(512)
const blob = bytes(MAX_FRAME_BYTES)
const party = word(['node0', 'node1', 'node2', 'wallet', 'admin'])
const mail = passing(MAX_MAIL_BYTES)
const attested = option(bytes(1024))

const finite: Codec<number> = mapped(
  fixed(8),
  value => {
    const out = new Uint8Array(8)
    new DataView(out.buffer).setFloat64(0, value)
    return out
  },
  raw => {
    const value = new DataView(raw.buffer, raw.byteOffset, 8).getFloat64(0)
    if (!Number.isFinite(value)) throw new CodecError('out-of-range', 'not a finite number')
    return value
  },
)

const fieldValue = tagged({
  text: [1, struct({ value: text(4096) })],
  number: [2, struct({ value: finite })],
  flag: [3, struct({ value: bool })],
})
const labels = list(struct({ name: text(64), value: text(256) }), 16)

/** A byte pipe, the same in both directions (pipe.ts); the core opens it and chooses its number. */
const pipe = id
const pipeBytes = struct({ pipe, bytes: bytes(MAX_PIPE_BYTES) })
/** So many bytes were taken by the reader: as many more may be sent. */
const pipeTaken = struct({ pipe, length: u32 })
/** Both directions are over; without a reason it is a clean end. */
const pipeClose = struct({ pipe, reason: text(1024) })

/** What the core sends. Those with an id are requests. */
const coreMessage = tagged({
  get: [1, struct({ id, table, key })],
  put: [2, struct({ id, rows: list(struct({ table, key, value: blob }), MAX_ROWS) })],
  /** Rows after `from`, or from it on unless `exclusive`. */
  range: [3, struct({ id, table, from: key, exclusive: bool, limit: u32 })],
  remove: [4, struct({ id, table, keys: list(key, MAX_ROWS) })],
  attest: [5, struct({ id, publicKey: attested, userData: attested, nonce: attested })],
  decrypt: [
    6,
    struct({
      id,
      ciphertext: bytes(16_384),
      encryptionContext: list(struct({ name: text(128), value: text(1024) }), 16),
      recipient: bytes(65_536),
    }),
  ],
  mail: [7, struct({ to: party, message: mail })],
  log: [
    8,
    struct({
      level: word(['debug', 'info', 'warn', 'error']),
      message: text(4096),
      fields: list(struct({ name: text(64), value: fieldValue }), 32),
    }),
  ],
  metric: [9, struct({ kind: word(['count', 'gauge', 'observe']), name: text(128), value: finite, labels })],
  /** The core has its secret and listens to its mailbox. */
  ready: [10, struct({ identityKey: fixed(32) })],
  /** The core cannot go on, for this reason; it exits. */
  fatal: [11, struct({ message: text(1024) })],
  /** A connection to where the host's configuration says that the anchor is. */
  pipeOpen: [12, struct({ pipe })],
  pipeBytes: [13, pipeBytes],
  pipeTaken: [14, pipeTaken],
  pipeClose: [15, pipeClose],
})
export type CoreMessage = ValueOf<typeof coreMessage>

/** What the host sends. `init` comes first and once; those with an id answer a request. */
const hostMessage = tagged({
  init: [
    1,
    struct({
      version: u8,
      index: u8,
      genesis: bytes(65_536),
      /** The node's secret as encrypted by its KMS key. */
      secret: bytes(16_384),
      /** What the node's admin signed: `adminStatementsCodec`. */
      statements: bytes(65_536),
      /** SPKI DER of the ERS public key. */
      ersPublicKey: bytes(8192),
      /** Directory of the anchor; absent where it is a table. */
      anchor: option(text(4096)),
    }),
  ],
  /** Answers get, attest and decrypt. */
  value: [2, struct({ id, value: option(blob) })],
  /** Answers range; not `complete`: there are more rows within the limit, ask on from the last key. */
  rows: [3, struct({ id, rows: list(struct({ key, value: blob }), MAX_ROWS), complete: bool })],
  /** Answers put and remove: durable. */
  done: [4, struct({ id })],
  failed: [5, struct({ id, reason: text(1024) })],
  mail: [6, struct({ from: party, message: mail })],
  /** A clean end is wanted. */
  stop: [7, struct({})],
  pipeBytes: [8, pipeBytes],
  pipeTaken: [9, pipeTaken],
  pipeClose: [10, pipeClose],
})
export type HostMessage = ValueOf<typeof hostMessage>

function frame<T>(codec: Codec<T>, message: T): Uint8Array {
  const writer = new Writer()
  writer.uint(0, 4)
  try {
    codec.encode(writer, message)
  } catch (cause) {
    throw new LinkError('too-large', 'message outside the bounds of the link', { cause })
  }
  const out = writer.finish()
  const length = out.length - 4
  if (length > MAX_FRAME_BYTES) throw new LinkError('too-large', `message of ${length} bytes`)
  new DataView(out.buffer, out.byteOffset).setUint32(0, length)
  return out
}

function parse<T>(codec: Codec<T>, body: Uint8Array): T {
  try {
    return decode(codec, body)
  } catch (cause) {
    throw new LinkError('malformed', 'not a message of the link', { cause })
  }
}

/** One frame: length (u32, big-endian), then the canonical bytes. Throws LinkError too-large. */
export const encodeCoreMessage = (message: CoreMessage) => frame(coreMessage, message)
export const encodeHostMessage = (message: HostMessage) => frame(hostMessage, message)
/** The message of a frame's body. Throws LinkError malformed. */
export const decodeCoreMessage = (body: Uint8Array) => parse(coreMessage, body)
export const decodeHostMessage = (body: Uint8Array) => parse(hostMessage, body)

/** Cuts a byte stream into the bodies of its frames, whatever the chunks. Holds at most one frame and one chunk. */
export class FrameDecoder {
  #chunks: Uint8Array[] = []
  #size = 0

  /** The bodies that `chunk` completes, in order. Throws LinkError malformed on a length of 0 or above the bound. */
  push(chunk: Uint8Array): Uint8Array[] {
    if (chunk.length > 0) {
      this.#chunks.push(chunk)
      this.#size += chunk.length
    }
    const bodies: Uint8Array[] = []
    while (this.#size >= 4) {
      const head = this.#front(4)
      const length = new DataView(head.buffer, head.byteOffset, 4).getUint32(0)
      if (length === 0 || length > MAX_FRAME_BYTES) throw new LinkError('malformed', `frame of ${length} bytes`)
      if (this.#size < 4 + length) break
      const whole = this.#front(4 + length)
      bodies.push(whole.subarray(4, 4 + length))
      this.#chunks[0] = whole.subarray(4 + length)
      this.#size -= 4 + length
    }
    return bodies
  }

  /** The first chunk, made at least `length` bytes long by joining it with the next ones. */
  #front(length: number): Uint8Array {
    const first = this.#chunks[0]
    if (first !== undefined && first.length >= length) return first
    const joined = new Uint8Array(this.#size)
    let at = 0
    for (const part of this.#chunks) {
      joined.set(part, at)
      at += part.length
    }
    this.#chunks = [joined]
    return joined
  }
}

/** The part of a stream that batching needs. */
interface Corkable {
  write(bytes: Uint8Array): unknown
  cork?(): void
  uncork?(): void
}

/** A writer that hands all frames of one turn of the event loop to the system at once. */
export function batchedWriter(stream: Corkable): (bytes: Uint8Array) => void {
  let corked = false
  return bytes => {
    if (!corked) {
      corked = true
      stream.cork?.()
      process.nextTick(() => {
        corked = false
        stream.uncork?.()
      })
    }
    stream.write(bytes)
  }
}

/** Text that fits a message: well-formed, without control characters, at most `max` UTF-16 units. */
export function printable(value: string, max = 1024): string {
  return value
    .slice(0, max)
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
}
