// @peculiar/x509 refuses to load without it.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { checkParty, identityUri, type PartyName } from './names.ts'

const DAY_MS = 86_400_000
const VALIDITY_MS = 397 * DAY_MS
const RENEW_BEFORE_MS = 30 * DAY_MS
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** Paths of PEM files. */
export type Credentials = { readonly ca: string; readonly cert: string; readonly key: string }
export type Pki = { readonly server: Credentials; readonly clients: Readonly<Record<PartyName, Credentials>> }

export type PkiOptions = {
  /** Directory of the PEM files; replaced as a whole on renewal. */
  readonly dir: string
  readonly parties: readonly PartyName[]
  /** Milliseconds since 1970. */
  readonly now: number
}

/**
 * Certificates for one broker and its clients (ECDSA P-256): kept while all of them are there and valid for 30 more days,
 * otherwise issued anew under a new root. The root's private key is never written: nobody can add a client later.
 * Clients are told apart by a URI in the subject alternative name; the distinguished name means nothing.
 */
export async function ensurePki({ dir, parties, now }: PkiOptions): Promise<Pki> {
  const names = ['server', ...parties.map(checkParty)]
  if (!(await usable(dir, names, now))) await issueAll(dir, names, now)
  const credentials = (name: string) => ({
    ca: join(dir, 'ca.pem'),
    cert: join(dir, `${name}.pem`),
    key: join(dir, `${name}.key`),
  })
  return {
    server: credentials('server'),
    clients: Object.fromEntries(parties.map(party => [party, credentials(party)])),
  }
}

async function usable(dir: string, names: readonly string[], now: number): Promise<boolean> {
  try {
    const root = new x509.X509Certificate(await readFile(join(dir, 'ca.pem'), 'utf8'))
    for (const name of names) {
      await readFile(join(dir, `${name}.key`))
      const cert = new x509.X509Certificate(await readFile(join(dir, `${name}.pem`), 'utf8'))
      if (cert.notAfter.getTime() < now + RENEW_BEFORE_MS || cert.notBefore.getTime() > now) return false
      if (!(await cert.verify({ publicKey: root.publicKey, date: new Date(now) }, webcrypto as Crypto))) return false
    }
    return true
  } catch {
    return false
  }
}

async function issueAll(dir: string, names: readonly string[], now: number): Promise<void> {
  const crypto = webcrypto as Crypto
  x509.cryptoProvider.set(crypto)
  const fresh = `${dir}.new`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true, mode: 0o700 })
  await chmod(fresh, 0o700)
  const validity = { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + VALIDITY_MS) }

  const rootKeys = await crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify'])
  const root = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=Trivault bus root',
      ...validity,
      keys: rootKeys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(rootKeys.publicKey, false, crypto),
      ],
    },
    crypto,
  )
  await writeFile(join(fresh, 'ca.pem'), `${root.toString('pem')}\n`, { mode: 0o600 })

  for (const name of names) {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const server = name === 'server'
    const cert = await x509.X509CertificateGenerator.create(
      {
        subject: `CN=Trivault bus ${server ? 'server' : 'client'}`,
        issuer: root.subject,
        ...validity,
        publicKey: keys.publicKey,
        signingKey: rootKeys.privateKey,
        signingAlgorithm: ALGORITHM,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([
            server ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
          ]),
          new x509.SubjectAlternativeNameExtension(
            server
              ? [
                  { type: 'ip', value: '127.0.0.1' },
                  { type: 'dns', value: 'localhost' },
                ]
              : [{ type: 'url', value: identityUri(name) }],
          ),
          await x509.AuthorityKeyIdentifierExtension.create(root, false, crypto),
        ],
      },
      crypto,
    )
    const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
    await writeFile(join(fresh, `${name}.pem`), `${cert.toString('pem')}\n`, { mode: 0o600 })
    await writeFile(join(fresh, `${name}.key`), `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`, { mode: 0o600 })
  }
  await rm(dir, { recursive: true, force: true })
  await rename(fresh, dir)
}
