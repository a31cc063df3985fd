import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import {
  compareBytes,
  concat,
  encode,
  equalBytes,
  fixed,
  int53,
  list,
  option,
  struct,
  text,
  toHex,
  u8,
} from '@trivault/codec'
import {
  decodePeerMessages,
  type EnvelopeOf,
  encodePeerMessages,
  type PeerMessage,
  taggedHash,
} from '@trivault/protocol'

const helloBody = struct({
  vaultId: fixed(32),
  node: u8,
  bootId: fixed(16),
  bootTime: int53,
  exchangeKey: fixed(32),
  protocol: u8,
  version: text(64),
  known: list(option(fixed(16)), 3),
})
/** DER prefix of an X25519 SubjectPublicKeyInfo (RFC 8410 §4). */
const x25519Spki = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00)

interface Peer {
  bootId: Uint8Array
  bootTime: number
  sendKey: KeyObject
  receiveKey: KeyObject
  sent: number
  /** Highest counter that was opened, and which of the `window` counters up to it: bit 0 is the highest itself. */
  received: number
  seen: bigint
}

/** How far messages may overtake each other. */
const window = 1024

export interface ChannelOptions {
  self: number
  vaultId: Uint8Array
  identityKeys: readonly Uint8Array[]
  identitySeed: Uint8Array
  /** Milliseconds; later boots of a node have later times. */
  bootTime: number
  /** Version of the joint protocols. */
  protocol: number
  /** Version of this program. */
  version: string
  random: (length: number) => Uint8Array
}

/** `other-version`: from that node, but it must not work with this one; `new` and `other-version` once per boot. */
export type HelloResult = 'refused' | 'known' | 'new' | 'other-version'

/** What a peer runs that this node does not work with. */
export interface OtherVersion {
  bootId: Uint8Array
  bootTime: number
  protocol: number
  version: string
}

/**
 * End-to-end channels to the other nodes, one per pair of boots: X25519 between keys that live as long as the process, signed
 * by the identities of the node cards; HKDF-SHA256 over both boots; ChaCha20-Poly1305 with a counter of which each value is
 * taken once. What does not open is dropped: neither broker nor host can forge or replay; order is left to the protocols.
 */
export class Channels {
  readonly bootId: Uint8Array
  readonly #options: ChannelOptions
  readonly #exchange: { publicKey: Uint8Array; privateKey: KeyObject }
  readonly #peers = new Map<number, Peer>()
  readonly #others = new Map<number, OtherVersion>()

  constructor(options: ChannelOptions) {
    this.#options = options
    this.bootId = options.random(16)
    const { publicKey, privateKey } = generateKeyPairSync('x25519')
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    this.#exchange = { publicKey: new Uint8Array(spki.subarray(x25519Spki.length)), privateKey }
  }

  /** The boot id of a peer with a live channel. */
  bootOf(node: number): Uint8Array | undefined {
    return this.#peers.get(node)?.bootId
  }

  /** The other version that a peer's present boot runs: there is no channel to it. */
  otherVersionOf(node: number): OtherVersion | undefined {
    return this.#others.get(node)
  }

  hello(): EnvelopeOf<'hello'> {
    const { self, vaultId, bootTime, identitySeed, protocol, version } = this.#options
    const known = [0, 1, 2].map(node => (node === self ? this.bootId : this.#peers.get(node)?.bootId))
    const exchangeKey = this.#exchange.publicKey
    const body = { vaultId, node: self, bootId: this.bootId, bootTime, exchangeKey, protocol, version, known }
    const signature = ed25519.sign(taggedHash('hello', encode(helloBody, body)), identitySeed)
    return { type: 'hello', ...body, signature }
  }

  /** Takes a peer's hello. An older boot than the one known is refused, so that a replayed hello cannot reset a channel. */
  receiveHello(from: number, hello: EnvelopeOf<'hello'>): HelloResult {
    const { self, vaultId, identityKeys } = this.#options
    const identity = identityKeys[from]
    // C1.
    if (from === self || hello.node !== from || identity === undefined || hello.known.length !== 3) return 'refused'
    const digest = taggedHash('hello', encode(helloBody, { ...hello, vaultId }))
    if (!ed25519.verify(hello.signature, digest, identity, { zip215: false })) return 'refused'
    const known = this.#peers.get(from) ?? this.#others.get(from)
    if (known !== undefined) {
      if (equalBytes(known.bootId, hello.bootId)) return 'known'
      // C2.
      if (hello.bootTime <= known.bootTime) return 'refused'
    }
    // C5.
    const { protocol, version } = hello
    if (protocol !== this.#options.protocol || version !== this.#options.version) {
      this.#peers.delete(from)
      this.#others.set(from, { bootId: hello.bootId, bootTime: hello.bootTime, protocol, version })
      return 'other-version'
    }
    // C3.
    const shared = this.#agree(hello.exchangeKey)
    if (shared === undefined) return 'refused'
    const boots = [this.bootId, hello.bootId].sort(compareBytes)
    const key = (sender: number) => {
      const info = concat(new TextEncoder().encode('trivault/v1/channel'), ...boots, Uint8Array.of(sender))
      return createSecretKey(new Uint8Array(hkdfSync('sha256', shared, vaultId, info, 32)))
    }
    this.#others.delete(from)
    this.#peers.set(from, {
      bootId: hello.bootId,
      bootTime: hello.bootTime,
      sendKey: key(self),
      receiveKey: key(from),
      sent: 0,
      received: 0,
      seen: 0n,
    })
    return 'new'
  }

  /** Does the sender of this hello lack this boot of ours? */
  unknownTo(hello: EnvelopeOf<'hello'>): boolean {
    const ours = hello.known[this.#options.self]
    return ours === undefined || !equalBytes(ours, this.bootId)
  }

  /** The messages, in order, in one envelope; undefined when there is no channel to that node. */
  seal(to: number, messages: readonly PeerMessage[]): EnvelopeOf<'sealed'> | undefined {
    const peer = this.#peers.get(to)
    if (peer === undefined) return undefined
    peer.sent += 1
    const cipher = createCipheriv('chacha20-poly1305', peer.sendKey, nonceOf(peer.sent), { authTagLength: 16 })
    const sealed = cipher.update(encodePeerMessages(messages))
    cipher.final() // nothing: the cipher has no blocks
    const body = concat(sealed, cipher.getAuthTag())
    return { type: 'sealed', bootId: this.bootId, counter: peer.sent, body }
  }

  /** C4: the messages, or undefined for anything that is not a new envelope of the peer's present boot. */
  open(from: number, envelope: EnvelopeOf<'sealed'>): PeerMessage[] | undefined {
    const peer = this.#peers.get(from)
    if (
      peer === undefined ||
      !equalBytes(peer.bootId, envelope.bootId) ||
      !isNew(peer, envelope.counter) ||
      envelope.body.length < 16
    )
      return undefined
    let plain: Uint8Array
    try {
      const decipher = createDecipheriv('chacha20-poly1305', peer.receiveKey, nonceOf(envelope.counter), {
        authTagLength: 16,
      })
      decipher.setAuthTag(envelope.body.subarray(envelope.body.length - 16))
      const { buffer, byteOffset, length } = decipher.update(envelope.body.subarray(0, -16))
      decipher.final() // nothing but the tag's check, which throws
      plain = new Uint8Array(buffer, byteOffset, length)
    } catch {
      return undefined
    }
    markSeen(peer, envelope.counter)
    try {
      return decodePeerMessages(plain)
    } catch {
      return undefined // authenticated, but of another version or malformed
    }
  }

  #agree(exchangeKey: Uint8Array): Uint8Array | undefined {
    try {
      const publicKey = createPublicKey({
        key: Buffer.from(concat(x25519Spki, exchangeKey)),
        format: 'der',
        type: 'spki',
      })
      return diffieHellman({ privateKey: this.#exchange.privateKey, publicKey })
    } catch {
      return undefined // a point of small order
    }
  }
}

function isNew({ received, seen }: Peer, counter: number): boolean {
  if (counter > received) return true
  const age = received - counter
  return counter > 0 && age < window && ((seen >> BigInt(age)) & 1n) === 0n
}

function markSeen(peer: Peer, counter: number): void {
  const step = counter - peer.received
  if (step > 0) {
    peer.seen = step >= window ? 1n : BigInt.asUintN(window, peer.seen << BigInt(step)) | 1n
    peer.received = counter
  } else peer.seen |= 1n << BigInt(-step)
}

function nonceOf(counter: number): Uint8Array {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setBigUint64(4, BigInt(counter))
  return nonce
}

/** Short name of a boot for logs. */
export const bootName = (bootId: Uint8Array): string => toHex(bootId).slice(0, 8)
