import { equalBytes } from '@trivault/codec'
import { type Cbor, decodeCbor, encodeCbor } from './cbor.ts'
import { AttestationError } from './errors.ts'
import type { Pcrs } from './ports.ts'

/** The payload of an attestation document (AWS Nitro Enclaves attestation process, section "Attestation document"). */
export type AttestationDocument = {
  readonly moduleId: string
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly pcrs: Pcrs
  /** DER of the leaf, whose key signed the document. */
  readonly certificate: Uint8Array
  /** DER from the root down to the issuer of the leaf. */
  readonly cabundle: readonly Uint8Array[]
  readonly publicKey: Uint8Array | undefined
  readonly userData: Uint8Array | undefined
  readonly nonce: Uint8Array | undefined
}

/** A parsed COSE_Sign1 (RFC 9052, section 4.2) whose signature nobody has checked yet. */
export type SignedDocument = {
  readonly document: AttestationDocument
  /** The bytes under the signature. */
  readonly signed: Uint8Array
  /** r and s, 48 bytes each. */
  readonly signature: Uint8Array
}

export const pcrLength = 48
const maxDocument = 16_384
const signatureLength = 96
const limits = { certificate: 1024, publicKey: 1024, userData: 512, nonce: 512 } as const
/** The map {1: -35}: algorithm ES384, and nothing else. */
const protectedHeader = encodeCbor(new Map([[1, -35]]))
const fields = ['module_id', 'digest', 'timestamp', 'pcrs', 'certificate', 'cabundle']
const optionalFields = ['public_key', 'user_data', 'nonce']

const malformed = (what: string): AttestationError =>
  new AttestationError('malformed-document', `attestation document: ${what}`)

/** The bytes that ES384 signs (RFC 9052, section 4.4). */
export const signatureStructure = (payload: Uint8Array): Uint8Array =>
  encodeCbor(['Signature1', protectedHeader, new Uint8Array(), payload])

/** Parses strictly; checks no signature. @throws AttestationError `malformed-document` */
export function parseDocument(bytes: Uint8Array): SignedDocument {
  if (bytes.length > maxDocument) throw malformed('too large')
  const envelope = decodeCbor(bytes)
  if (!Array.isArray(envelope) || envelope.length !== 4) throw malformed('not a COSE_Sign1')
  const [header, unprotected, payload, signature] = envelope as readonly Cbor[]
  if (!(header instanceof Uint8Array) || !equalBytes(header, protectedHeader)) {
    throw malformed('the algorithm is not ES384')
  }
  if (!(unprotected instanceof Map) || unprotected.size !== 0) throw malformed('an unprotected header')
  if (!(payload instanceof Uint8Array)) throw malformed('no payload')
  if (!(signature instanceof Uint8Array) || signature.length !== signatureLength) throw malformed('signature length')
  return { document: parsePayload(payload), signed: signatureStructure(payload), signature }
}

function parsePayload(payload: Uint8Array): AttestationDocument {
  const map = decodeCbor(payload)
  if (!(map instanceof Map)) throw malformed('the payload is not a map')
  for (const name of fields) if (!map.has(name)) throw malformed(`${name} is missing`)
  for (const name of map.keys()) {
    if (!fields.includes(String(name)) && !optionalFields.includes(String(name))) throw malformed('an unknown field')
  }
  const moduleId: unknown = map.get('module_id')
  const timestamp: unknown = map.get('timestamp')
  const cabundle: unknown = map.get('cabundle')
  if (typeof moduleId !== 'string' || moduleId === '' || moduleId.length > 256) throw malformed('module_id')
  if (map.get('digest') !== 'SHA384') throw malformed('digest')
  if (typeof timestamp !== 'number' || timestamp <= 0) throw malformed('timestamp')
  if (!Array.isArray(cabundle) || cabundle.length === 0 || cabundle.length > 8) throw malformed('cabundle')
  return {
    moduleId,
    timestamp,
    pcrs: parsePcrs(map.get('pcrs')),
    certificate: bounded(map.get('certificate'), limits.certificate, 'certificate'),
    cabundle: cabundle.map(certificate => bounded(certificate, limits.certificate, 'cabundle')),
    publicKey: optional(map.get('public_key'), limits.publicKey, 'public_key'),
    userData: optional(map.get('user_data'), limits.userData, 'user_data'),
    nonce: optional(map.get('nonce'), limits.nonce, 'nonce'),
  }
}

function parsePcrs(value: Cbor | undefined): Pcrs {
  if (!(value instanceof Map) || value.size === 0 || value.size > 32) throw malformed('pcrs')
  const pcrs = new Map<number, Uint8Array>()
  for (const [index, pcr] of value) {
    if (typeof index !== 'number' || index < 0 || index > 31) throw malformed('pcrs')
    if (!(pcr instanceof Uint8Array) || pcr.length !== pcrLength) throw malformed('pcrs')
    pcrs.set(index, pcr)
  }
  return pcrs
}

function bounded(value: Cbor | undefined, max: number, name: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length === 0 || value.length > max) throw malformed(name)
  return value
}

/** Null, absent and empty mean the same: nothing was bound. */
function optional(value: Cbor | undefined, max: number, name: string): Uint8Array | undefined {
  if (value === undefined || value === null) return undefined
  if (!(value instanceof Uint8Array) || value.length > max) throw malformed(name)
  return value.length === 0 ? undefined : value
}

/** Makes the payload bytes of a document. */
export function encodePayload(document: AttestationDocument): Uint8Array {
  const entries: [string, Cbor][] = [
    ['module_id', document.moduleId],
    ['digest', 'SHA384'],
    ['timestamp', document.timestamp],
    ['pcrs', new Map([...document.pcrs].sort(([a], [b]) => a - b))],
    ['certificate', document.certificate],
    ['cabundle', document.cabundle],
    ['public_key', document.publicKey ?? null],
    ['user_data', document.userData ?? null],
    ['nonce', document.nonce ?? null],
  ]
  return encodeCbor(new Map(entries))
}

/** Wraps a payload and its signature. */
export const encodeEnvelope = (payload: Uint8Array, signature: Uint8Array): Uint8Array =>
  encodeCbor([protectedHeader, new Map(), payload, signature])

/** @throws AttestationError `bad-request` when a field is longer than a document takes. */
export function checkRequest(request: {
  readonly publicKey?: Uint8Array | undefined
  readonly userData?: Uint8Array | undefined
  readonly nonce?: Uint8Array | undefined
}): void {
  for (const name of ['publicKey', 'userData', 'nonce'] as const) {
    if ((request[name]?.length ?? 0) > limits[name]) {
      throw new AttestationError('bad-request', `${name} is longer than ${limits[name]} bytes`)
    }
  }
}
