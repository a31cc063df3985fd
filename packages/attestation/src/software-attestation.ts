import { generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { issueCertificate } from './certificate.ts'
import {
  type AttestationDocument,
  checkRequest,
  encodeEnvelope,
  encodePayload,
  pcrLength,
  signatureStructure,
} from './document.ts'
import { AttestationError } from './errors.ts'
import type { AttestationPort, AttestationRequest, Pcrs } from './ports.ts'

export type SoftwareRoot = {
  /** P-384 private key. */
  readonly key: KeyObject
  /** DER. */
  readonly certificate: Uint8Array
}

const hour = 3_600_000
const year = 8766 * hour
const rootName = 'Trivault software attestation root (not hardware)'

/** Makes a root that stands in for that of the hardware: for machines without enclaves. */
export function createSoftwareRoot(options: {
  readonly time: number
  readonly random: (length: number) => Uint8Array
}): SoftwareRoot {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
  const certificate = issueCertificate({
    subject: rootName,
    issuer: rootName,
    publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    issuerKey: privateKey,
    notBefore: options.time - hour,
    notAfter: options.time + 20 * year,
    serial: options.random(16),
    pathLength: 0,
  })
  return { key: privateKey, certificate }
}

export type SoftwareAttestation = {
  /** Vouches for whoever asks, with the measurements that it names: the caller decides who may ask for what. */
  attest(request: AttestationRequest & { readonly pcrs: Pcrs }): Promise<Uint8Array>
  /** A port bound to one measurement. */
  portFor(pcrs: Pcrs): AttestationPort
}

/** Makes attestation documents like the hardware's, under a software root. Each document has a fresh leaf. */
export function createSoftwareAttestation(options: {
  readonly rootKey: KeyObject
  /** DER. */
  readonly rootCert: Uint8Array
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  readonly random: (length: number) => Uint8Array
  readonly moduleId?: string
}): SoftwareAttestation {
  const { rootKey, rootCert, clock, random, moduleId = 'software-enclave' } = options
  const issuer = new X509Certificate(rootCert)
  if (!issuer.checkPrivateKey(rootKey)) {
    throw new AttestationError('bad-request', 'the attestation root key does not fit its certificate')
  }

  const attest: SoftwareAttestation['attest'] = async ({ pcrs, publicKey, userData, nonce }) => {
    checkRequest({ publicKey, userData, nonce })
    if (pcrs.size === 0 || [...pcrs].some(([index, pcr]) => !isRegister(index) || pcr.length !== pcrLength)) {
      throw new AttestationError('bad-request', 'registers are numbered 0 to 31 and have 48 bytes each')
    }
    const timestamp = clock()
    const leaf = generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
    const certificate = issueCertificate({
      subject: moduleId,
      issuer: rootName,
      publicKey: new Uint8Array(leaf.publicKey.export({ type: 'spki', format: 'der' })),
      issuerKey: rootKey,
      notBefore: timestamp - hour,
      notAfter: timestamp + 3 * hour,
      serial: random(16),
    })
    const document: AttestationDocument = {
      moduleId,
      timestamp,
      pcrs,
      certificate,
      cabundle: [rootCert],
      publicKey,
      userData,
      nonce,
    }
    const payload = encodePayload(document)
    const signature = sign('sha384', signatureStructure(payload), { key: leaf.privateKey, dsaEncoding: 'ieee-p1363' })
    return encodeEnvelope(payload, new Uint8Array(signature))
  }
  return { attest, portFor: pcrs => ({ attest: request => attest({ ...request, pcrs }) }) }
}

const isRegister = (index: number): boolean => Number.isInteger(index) && index >= 0 && index <= 31
