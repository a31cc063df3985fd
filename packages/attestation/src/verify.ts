import { verify } from 'node:crypto'
import { equalBytes } from '@trivault/codec'
import { verifyChain } from './certificate.ts'
import { type AttestationDocument, parseDocument, pcrLength } from './document.ts'
import { AttestationError } from './errors.ts'
import type { Pcrs } from './ports.ts'

export type AttestationPolicy = {
  /** DER of the root certificate that is trusted, and no other. */
  readonly root: Uint8Array
  /** The verifier's clock, milliseconds since the epoch. */
  readonly time: number
  /** How far the document's time may be from `time`, either way; default 5 minutes. */
  readonly maxAgeMs?: number
  /** Registers that must have exactly these values; at least one. */
  readonly pcrs: Pcrs
  /** What the verifier sent as a challenge, if it did. */
  readonly nonce?: Uint8Array
  readonly userData?: Uint8Array
}

const defaultMaxAgeMs = 300_000

/**
 * Verifies an attestation document.
 *
 * 1. It parses strictly. 2. Its chain leads from `root` to its certificate, valid at `time`. 3. ES384 over the payload
 * verifies under that certificate. 4. Its time is near `time`. 5. Every register of the policy has its value; an all-zero
 * register 0 (a debug enclave, whose memory its host can read) is never accepted. 6. Nonce and user data are the policy's.
 *
 * @throws AttestationError
 */
export function verifyAttestation(bytes: Uint8Array, policy: AttestationPolicy): AttestationDocument {
  checkPolicy(policy)
  const { document, signed, signature } = parseDocument(bytes)
  const key = verifyChain([...document.cabundle, document.certificate], policy.root, policy.time)
  if (!verify('sha384', signed, { key, dsaEncoding: 'ieee-p1363' }, signature)) {
    throw new AttestationError('bad-signature', 'the attestation document is not signed by its certificate')
  }
  if (Math.abs(document.timestamp - policy.time) > (policy.maxAgeMs ?? defaultMaxAgeMs)) {
    throw new AttestationError('expired', 'the attestation document is too old or from the future')
  }
  checkPcrs(document.pcrs, policy.pcrs)
  if (policy.nonce && !equalBytes(document.nonce ?? new Uint8Array(), policy.nonce)) {
    throw new AttestationError('wrong-nonce', 'the attestation document answers another challenge')
  }
  if (policy.userData && !equalBytes(document.userData ?? new Uint8Array(), policy.userData)) {
    throw new AttestationError('wrong-user-data', 'the attestation document carries other user data')
  }
  return document
}

const isAllZero = (bytes: Uint8Array): boolean => bytes.every(byte => byte === 0)

/** A policy that would accept anything is a mistake of the caller. */
function checkPolicy({ pcrs, nonce, time, maxAgeMs = defaultMaxAgeMs }: AttestationPolicy): void {
  // Comparisons with NaN would all pass.
  if (!Number.isFinite(time) || !Number.isFinite(maxAgeMs)) {
    throw new AttestationError('bad-request', 'a policy needs a finite time and age')
  }
  const usable = [...pcrs.values()].every(value => value.length === pcrLength && !isAllZero(value))
  if (pcrs.size === 0 || !usable || nonce?.length === 0) {
    throw new AttestationError('bad-request', 'a policy needs registers of 48 bytes, none all zero, and no empty nonce')
  }
}

function checkPcrs(actual: Pcrs, required: Pcrs): void {
  const first = actual.get(0)
  if (!first || isAllZero(first)) throw new AttestationError('wrong-pcr', 'PCR0 is absent or that of a debug enclave')
  for (const [index, value] of required) {
    const found = actual.get(index)
    if (!found || !equalBytes(found, value))
      throw new AttestationError('wrong-pcr', `PCR${index} is not the required one`)
  }
}
