import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import {
  concat,
  encode,
  equalBytes,
  fixed,
  int53,
  mapped,
  option,
  struct,
  toBase64Url,
  u8,
  type ValueOf,
} from '@trivault/codec'
import { domainTag, hashCodec } from './entry.ts'
import { LedgerError } from './errors.ts'

export const NODES = 3
export type NodeIndex = 0 | 1 | 2
export const nodeIndexes: readonly NodeIndex[] = [0, 1, 2]

const nodeCodec = mapped<NodeIndex, number>(
  u8,
  node => node,
  value => {
    const node = nodeIndexes[value]
    if (node === undefined) throw new LedgerError('malformed', `there is no node ${value}`)
    return node
  },
)
const signatureCodec = fixed(64)

const castCodec = struct({ ballot: int53, hash: hashCodec })
/** What a node last voted for in a slot. */
export type Cast = ValueOf<typeof castCodec>
export const lastVoteCodec = option(castCodec)

export const voteCodec = struct({
  node: nodeCodec,
  seq: int53,
  ballot: int53,
  hash: hashCodec,
  signature: signatureCodec,
})
/** Ed25519 over tag ‖ (vaultId, seq, ballot, hash): one node's yes to one entry in one ballot. */
export type Vote = ValueOf<typeof voteCodec>

export const reportCodec = struct({
  node: nodeCodec,
  seq: int53,
  prev: hashCodec,
  ballot: int53,
  last: lastVoteCodec,
  signature: signatureCodec,
})
/** Ed25519 over tag ‖ (vaultId, seq, prev, ballot, last): what a node had voted when it promised `ballot`. */
export type Report = ValueOf<typeof reportCodec>

export const certificateCodec = struct({
  seq: int53,
  ballot: int53,
  hash: hashCodec,
  first: signatureCodec,
  second: signatureCodec,
  third: signatureCodec,
})
/**
 * The votes of nodes 0, 1 and 2 for one (seq, ballot, hash). Each signature stands in its node's place, so a certificate with a
 * signer twice or with mixed ballots cannot even be written down as a valid one.
 */
export type Certificate = ValueOf<typeof certificateCodec>

const voteBody = struct({ vaultId: hashCodec, seq: int53, ballot: int53, hash: hashCodec })
const reportBody = struct({ vaultId: hashCodec, seq: int53, prev: hashCodec, ballot: int53, last: lastVoteCodec })
const VOTE_TAG = domainTag('vote')
const REPORT_TAG = domainTag('report')

/** Checks one signature of one node. Constant answer for constant input; never throws on foreign bytes. */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

/** A node's hand: its index and its identity key behind a function. */
export interface Signer {
  node: NodeIndex
  /** The 64-byte signature of `message` under this node's identity key. */
  sign(message: Uint8Array): Uint8Array
}

const REMEMBERED = 64

/**
 * The three identities of one vault. The only judge of signatures.
 * Throws `LedgerError` committee unless there are three different well-formed keys and a 32-byte vault id.
 */
export class Committee {
  readonly vaultId: Uint8Array
  readonly publicKeys: readonly Uint8Array[]
  readonly #verify: Verify
  /** Newest valid (node, signature, message): a vote is seen alone and in certificates, and verified once. */
  readonly #valid = new Set<string>()

  constructor(vaultId: Uint8Array, publicKeys: readonly Uint8Array[], scheme: Verify = strictEd25519(publicKeys)) {
    if (vaultId.length !== 32) throw new LedgerError('committee', 'a vault id has 32 bytes')
    if (publicKeys.length !== NODES) throw new LedgerError('committee', `a vault has ${NODES} nodes`)
    if (publicKeys.some((key, i) => publicKeys.some((other, j) => i < j && equalBytes(key, other))))
      throw new LedgerError('committee', 'two nodes share an identity key')
    this.vaultId = vaultId
    this.publicKeys = publicKeys
    this.#verify = scheme
  }

  vote(signer: Signer, seq: number, ballot: number, hash: Uint8Array): Vote {
    return { node: signer.node, seq, ballot, hash, signature: signer.sign(this.#voteMessage(seq, ballot, hash)) }
  }

  report(signer: Signer, seq: number, prev: Uint8Array, ballot: number, last: Cast | undefined): Report {
    const signature = signer.sign(this.#reportMessage({ seq, prev, ballot, last }))
    return { node: signer.node, seq, prev, ballot, last, signature }
  }

  isVote(vote: Vote): boolean {
    return this.#signed(vote.node, this.#voteMessage(vote.seq, vote.ballot, vote.hash), vote.signature)
  }

  isReport(report: Report): boolean {
    return this.#signed(report.node, this.#reportMessage(report), report.signature)
  }

  isCertificate(certificate: Certificate): boolean {
    return votesOf(certificate).every(vote => this.isVote(vote))
  }

  #signed(node: NodeIndex, message: Uint8Array, signature: Uint8Array): boolean {
    const key = this.publicKeys[node]
    if (key === undefined || signature.length !== 64) return false
    const known = String.fromCharCode(node, ...signature, ...message)
    if (this.#valid.has(known)) return true
    if (!this.#verify(key, message, signature)) return false
    const oldest = this.#valid.size >= REMEMBERED ? this.#valid.values().next().value : undefined
    if (oldest !== undefined) this.#valid.delete(oldest)
    this.#valid.add(known)
    return true
  }

  #voteMessage(seq: number, ballot: number, hash: Uint8Array): Uint8Array {
    return concat(VOTE_TAG, encode(voteBody, { vaultId: this.vaultId, seq, ballot, hash }))
  }

  #reportMessage(body: Omit<Report, 'node' | 'signature'>): Uint8Array {
    const { seq, prev, ballot, last } = body
    return concat(REPORT_TAG, encode(reportBody, { vaultId: this.vaultId, seq, prev, ballot, last }))
  }
}

/** The three votes in a certificate, by node. */
export function votesOf(certificate: Certificate): Vote[] {
  const { seq, ballot, hash, first, second, third } = certificate
  return [first, second, third].map((signature, i) => ({ node: nodeIndexes[i] ?? 0, seq, ballot, hash, signature }))
}

/** A certificate from votes for one (seq, ballot, hash), or undefined while a node's is missing. */
export function assemble(votes: readonly Vote[]): Certificate | undefined {
  const [first, second, third] = nodeIndexes.map(node => votes.find(vote => vote.node === node))
  if (first === undefined || second === undefined || third === undefined) return undefined
  const { seq, ballot, hash } = first
  for (const vote of [second, third])
    if (vote.seq !== seq || vote.ballot !== ballot || !equalBytes(vote.hash, hash)) return undefined
  return { seq, ballot, hash, first: first.signature, second: second.signature, third: third.signature }
}

/**
 * Strict Ed25519 (RFC 8032 §5.1.7). The keys are checked once to be canonical and of prime order; with such a key OpenSSL's
 * cofactorless check, which refuses S ≥ L and compares R as bytes, accepts one signature per message and signer only.
 */
function strictEd25519(publicKeys: readonly Uint8Array[]): Verify {
  const keys = new Map<Uint8Array, KeyObject>(
    publicKeys.map(key => {
      try {
        const point = ed25519.Point.fromBytes(key)
        if (point.isSmallOrder() || !point.isTorsionFree()) throw new LedgerError('committee', 'not of prime order')
      } catch (cause) {
        throw new LedgerError('committee', 'an identity key is not a canonical Ed25519 key', { cause })
      }
      return [key, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(key) }, format: 'jwk' })]
    }),
  )
  return (publicKey, message, signature) => {
    const key = keys.get(publicKey)
    return key !== undefined && verify(null, message, key, signature)
  }
}
