// @peculiar/x509 refuses to load without it.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { BusError } from './errors.ts'
import { checkParty, identityUri, type PartyName } from './names.ts'

const DAY_MS = 86_400_000
const CERTIFICATE_DAYS = 397
const RENEW_BEFORE_MS = 30 * DAY_MS
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const crypto = webcrypto as Crypto

/** A certificate and its private key (PKCS #8), in PEM. */
export type CertificatePair = { readonly cert: string; readonly key: string }

/** The root that signs the certificates of one broker and its clients. Its key gives delivery of messages, nothing more. */
export type BusRoot = {
  /** PEM. */
  readonly cert: string
  issue(who: CertificateSubject, now: number): Promise<CertificatePair>
}

/** A client is a party; the server is known by DNS names and IP addresses. */
export type CertificateSubject =
  | { readonly party: PartyName }
  | { readonly dns: readonly string[]; readonly ip?: readonly string[] }

/**
 * Makes a root (ECDSA P-256). Returns its private key as well when `exportable`; otherwise nobody can add a client later.
 * `days` of validity, from `now` (ms).
 */
export async function createBusRoot(options: {
  readonly now: number
  readonly days: number
  readonly exportable: boolean
}): Promise<{ root: BusRoot; key: string | undefined }> {
  x509.cryptoProvider.set(crypto)
  const keys = await crypto.subtle.generateKey(ALGORITHM, options.exportable, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=Trivault bus root',
      ...validity(options.now, options.days),
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
      ],
    },
    crypto,
  )
  const key = options.exportable
    ? `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')}\n`
    : undefined
  return { root: rootOf(certificate, keys.privateKey), key }
}

/**
 * A root from PEM. Throws BusError bad-credentials when the two do not belong together, the certificate is no root that
 * is valid at `now`, or the key is not ECDSA P-256 in PKCS #8.
 */
export async function openBusRoot(pair: CertificatePair, now: number): Promise<BusRoot> {
  x509.cryptoProvider.set(crypto)
  const refuse = (why: string, cause?: unknown): never => {
    throw new BusError('bad-credentials', `the broker's root: ${why}`, { cause })
  }
  const certificate = parseCertificate(pair.cert) ?? refuse('not a certificate in PEM')
  const der = pemOf(pair.key, 'PRIVATE KEY') ?? refuse('the key is not PKCS #8 in PEM (BEGIN PRIVATE KEY)')
  const key = await crypto.subtle
    .importKey('pkcs8', der, ALGORITHM, false, ['sign'])
    .catch((cause: unknown) => refuse('the key is not ECDSA P-256', cause))
  const constraints = certificate.getExtension(x509.BasicConstraintsExtension)
  if (constraints?.ca !== true) refuse('the certificate is not one of an authority')
  if (now < certificate.notBefore.getTime() || now > certificate.notAfter.getTime())
    refuse('the certificate has expired')
  const probe = new Uint8Array(32)
  const signature = await crypto.subtle.sign(ALGORITHM, key, probe)
  const matches = await certificate.publicKey
    .export(ALGORITHM, ['verify'], crypto)
    .then(publicKey => crypto.subtle.verify(ALGORITHM, publicKey, signature, probe))
    .catch(() => false)
  if (!matches) refuse('certificate and key do not belong together')
  return rootOf(certificate, key)
}

/** Whether `pair` is of `root`, for `who`, and valid for 30 more days. */
export async function certificateIsUsable(
  root: string,
  pair: CertificatePair,
  who: CertificateSubject,
  now: number,
): Promise<boolean> {
  const [authority, certificate] = [parseCertificate(root), parseCertificate(pair.cert)]
  if (authority === undefined || certificate === undefined || pemOf(pair.key, 'PRIVATE KEY') === undefined) return false
  if (certificate.notAfter.getTime() < now + RENEW_BEFORE_MS || certificate.notBefore.getTime() > now) return false
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? []
  const text = (name: { type: string; value: string }) => `${name.type}:${name.value}`
  const wanted = alternativeNames(who).map(text)
  if (names.length !== wanted.length || !names.every(name => wanted.includes(text(name)))) return false
  return certificate.verify({ publicKey: authority.publicKey, date: new Date(now) }, crypto)
}

/** When a certificate in PEM ends, in ms; undefined when it is none. */
export const certificateEnd = (pem: string): number | undefined => parseCertificate(pem)?.notAfter.getTime()

function rootOf(certificate: x509.X509Certificate, signingKey: CryptoKey): BusRoot {
  return {
    cert: `${certificate.toString('pem')}\n`,
    async issue(who, now) {
      const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
      const server = 'dns' in who
      const issued = await x509.X509CertificateGenerator.create(
        {
          subject: `CN=Trivault bus ${server ? 'server' : 'client'}`,
          issuer: certificate.subject,
          ...validity(now, CERTIFICATE_DAYS),
          publicKey: keys.publicKey,
          signingKey,
          signingAlgorithm: ALGORITHM,
          extensions: [
            new x509.BasicConstraintsExtension(false, undefined, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
            new x509.ExtendedKeyUsageExtension([
              server ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
            ]),
            new x509.SubjectAlternativeNameExtension(alternativeNames(who)),
            await x509.AuthorityKeyIdentifierExtension.create(certificate, false, crypto),
          ],
        },
        crypto,
      )
      const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
      return { cert: `${issued.toString('pem')}\n`, key: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n` }
    },
  }
}

type AlternativeName = { readonly type: 'dns' | 'ip' | 'url'; readonly value: string }

function alternativeNames(who: CertificateSubject): AlternativeName[] {
  if ('party' in who) return [{ type: 'url', value: identityUri(checkParty(who.party)) }]
  return [
    ...(who.ip ?? []).map(value => ({ type: 'ip' as const, value })),
    ...who.dns.map(value => ({ type: 'dns' as const, value })),
  ]
}

const validity = (now: number, days: number) => ({
  notBefore: new Date(now - DAY_MS),
  notAfter: new Date(now + days * DAY_MS),
})

function parseCertificate(pem: string): x509.X509Certificate | undefined {
  try {
    x509.cryptoProvider.set(crypto)
    return new x509.X509Certificate(pem)
  } catch {
    return undefined
  }
}

function pemOf(text: string, label: string): ArrayBuffer | undefined {
  try {
    return x509.PemConverter.decodeWithHeaders(text).find(block => block.type === label)?.rawData
  } catch {
    return undefined
  }
}
