import { type KeyObject, sign, X509Certificate } from 'node:crypto'
import { equalBytes, utf8 } from '@trivault/codec'
import {
  type Ber,
  BerError,
  childOf,
  der,
  derInteger,
  derOid,
  derSequence,
  derText,
  octets,
  oidOf,
  readBer,
  tags,
} from './der.ts'
import { AttestationError } from './errors.ts'

const oids = {
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  commonName: '2.5.4.3',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
} as const

const extensionsTag = 0xa3
/** Bits of KeyUsage in its first octet. */
const usage = { digitalSignature: 0x80, keyCertSign: 0x04 } as const
const maxChain = 8

type Constraints = { readonly ca: boolean; readonly pathLength: number | undefined; readonly usage: number | undefined }

/**
 * Checks a chain from the trusted root down to the leaf (RFC 5280, section 6, for the profile of AWS Nitro: ECDSA P-384
 * with SHA-384 throughout).
 *
 * 1. The chain starts with the root's exact bytes. 2. Every certificate is valid at `time`. 3. Each is issued and signed by
 * the one before. 4. All but the leaf are authorities that may sign certificates and whose path length allows it; the
 * leaf is none and may sign data.
 *
 * @param chain DER, root first, leaf last. @param time milliseconds since the epoch. @returns the leaf's public key.
 * @throws AttestationError `bad-chain`, `expired`
 */
export function verifyChain(chain: readonly Uint8Array[], root: Uint8Array, time: number): KeyObject {
  const [first] = chain
  if (!first || chain.length < 2 || chain.length > maxChain) throw badChain('wrong number of certificates')
  if (!equalBytes(first, root)) throw badChain('it does not start at the trusted root')
  const certificates = chain.map(parse)
  let issuer = certificates[0]
  certificates.forEach((certificate, position) => {
    const { x509, constraints } = certificate
    if (time < x509.validFromDate.getTime() || time > x509.validToDate.getTime()) {
      throw new AttestationError('expired', `certificate ${position} is not valid at this time`)
    }
    if (!issuer || !x509.checkIssued(issuer.x509) || !x509.verify(issuer.x509.publicKey)) {
      throw badChain(`certificate ${position} is not signed by the one before`)
    }
    checkConstraints(constraints, position, certificates.length)
    issuer = certificate
  })
  if (!issuer) throw badChain('empty')
  return issuer.x509.publicKey
}

const badChain = (what: string, cause?: unknown): AttestationError =>
  new AttestationError('bad-chain', `certificate chain: ${what}`, { cause })

function checkConstraints({ ca, pathLength, usage: bits }: Constraints, position: number, count: number): void {
  const isLeaf = position === count - 1
  if (ca === isLeaf) throw badChain(`certificate ${position} is ${ca ? 'an authority' : 'no authority'}`)
  const below = count - 2 - position
  if (!isLeaf && pathLength !== undefined && below > pathLength)
    throw badChain(`certificate ${position}: path too long`)
  const needed = isLeaf ? usage.digitalSignature : usage.keyCertSign
  if (bits !== undefined && (bits & needed) === 0) throw badChain(`certificate ${position}: key usage`)
}

function parse(bytes: Uint8Array, position: number): { x509: X509Certificate; constraints: Constraints } {
  try {
    const x509 = new X509Certificate(bytes)
    if (!equalBytes(new Uint8Array(x509.raw), bytes)) throw new BerError('bytes after the end')
    const { asymmetricKeyType, asymmetricKeyDetails } = x509.publicKey
    if (asymmetricKeyType !== 'ec' || asymmetricKeyDetails?.namedCurve !== 'secp384r1') {
      throw new BerError('the key is not on P-384')
    }
    const certificate = readBer(bytes)
    if (oidOf(childOf(certificate, 1, tags.sequence).children[0]) !== oids.ecdsaWithSha384) {
      throw new BerError('the signature is not ECDSA with SHA-384')
    }
    return { x509, constraints: constraintsOf(childOf(certificate, 0, tags.sequence)) }
  } catch (cause) {
    throw badChain(`certificate ${position} is malformed or of another kind`, cause)
  }
}

function constraintsOf(toBeSigned: Ber): Constraints {
  const extensions = toBeSigned.children.find(child => child.tag === extensionsTag)?.children[0]?.children ?? []
  const found = new Map<string, Ber>()
  for (const extension of extensions) {
    const oid = oidOf(extension.children[0])
    if (found.has(oid)) throw new BerError('an extension twice')
    const isCritical = extension.children[1]?.tag === tags.boolean && extension.children[1].content[0] !== 0
    if (isCritical && oid !== oids.basicConstraints && oid !== oids.keyUsage)
      throw new BerError('unknown critical extension')
    found.set(oid, readBer(octets(extension.children.at(-1) ?? extension)))
  }
  const basic = found.get(oids.basicConstraints)?.children ?? []
  const length = basic.find(child => child.tag === tags.integer)
  return {
    ca: basic[0]?.tag === tags.boolean && basic[0].content[0] !== 0,
    pathLength: length?.content.reduce((sum, byte) => sum * 256 + byte, 0),
    usage: found.get(oids.keyUsage)?.content[1],
  }
}

export type CertificateRequest = {
  readonly subject: string
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  readonly issuer: string
  readonly issuerKey: KeyObject
  /** Milliseconds since the epoch, rounded down to seconds. */
  readonly notBefore: number
  readonly notAfter: number
  /** Positive, big-endian, at most 20 bytes. */
  readonly serial: Uint8Array
  /** An authority with this path length; absent: a leaf. */
  readonly pathLength?: number
}

/** Issues an X.509 certificate signed by ECDSA P-384 with SHA-384, in DER. */
export function issueCertificate(request: CertificateRequest): Uint8Array {
  const { pathLength } = request
  const algorithm = derSequence(derOid(oids.ecdsaWithSha384))
  const extension = (oid: string, value: Uint8Array) =>
    derSequence(derOid(oid), der(tags.boolean, Uint8Array.of(0xff)), der(tags.octetString, value))
  const authority = pathLength === undefined ? [] : [der(tags.boolean, Uint8Array.of(0xff)), derInteger(pathLength)]
  const bits = pathLength === undefined ? usage.digitalSignature : usage.keyCertSign
  const unused = pathLength === undefined ? 7 : 2
  const toBeSigned = derSequence(
    der(0xa0, derInteger(2)),
    derInteger(...request.serial),
    algorithm,
    nameOf(request.issuer),
    derSequence(timeOf(request.notBefore), timeOf(request.notAfter)),
    nameOf(request.subject),
    request.publicKey,
    der(
      extensionsTag,
      derSequence(
        extension(oids.basicConstraints, derSequence(...authority)),
        extension(oids.keyUsage, der(tags.bitString, Uint8Array.of(unused, bits))),
      ),
    ),
  )
  const signature = new Uint8Array(sign('sha384', toBeSigned, request.issuerKey))
  return derSequence(toBeSigned, algorithm, der(tags.bitString, Uint8Array.of(0), signature))
}

const nameOf = (commonName: string): Uint8Array =>
  derSequence(der(tags.set, derSequence(derOid(oids.commonName), derText(commonName))))

/** UTCTime until 2049, GeneralizedTime after (RFC 5280, section 4.1.2.5). */
function timeOf(milliseconds: number): Uint8Array {
  const text = `${new Date(milliseconds).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`
  return text < '2050' ? der(0x17, utf8(text.slice(2))) : der(0x18, utf8(text))
}
