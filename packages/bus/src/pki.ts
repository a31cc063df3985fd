import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CertificateSubject, certificateIsUsable, createBusRoot } from './certificates.ts'
import { checkParty, type PartyName } from './names.ts'

const ROOT_DAYS = 397
/** Of a broker on this machine. */
const SERVER: CertificateSubject = { ip: ['127.0.0.1'], dns: ['localhost'] }

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
  const subjects = new Map<string, CertificateSubject>([['server', SERVER]])
  for (const party of parties) subjects.set(checkParty(party), { party })
  if (!(await usable(dir, subjects, now))) await issueAll(dir, subjects, now)
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

async function usable(dir: string, subjects: ReadonlyMap<string, CertificateSubject>, now: number): Promise<boolean> {
  const read = (name: string) => readFile(join(dir, name), 'utf8')
  try {
    const root = await read('ca.pem')
    for (const [name, who] of subjects) {
      const pair = { cert: await read(`${name}.pem`), key: await read(`${name}.key`) }
      if (!(await certificateIsUsable(root, pair, who, now))) return false
    }
    return true
  } catch {
    return false
  }
}

async function issueAll(dir: string, subjects: ReadonlyMap<string, CertificateSubject>, now: number): Promise<void> {
  const fresh = `${dir}.new`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true, mode: 0o700 })
  await chmod(fresh, 0o700)
  const write = (name: string, text: string) => writeFile(join(fresh, name), text, { mode: 0o600 })
  const { root } = await createBusRoot({ now, days: ROOT_DAYS, exportable: false })
  await write('ca.pem', root.cert)
  for (const [name, who] of subjects) {
    const { cert, key } = await root.issue(who, now)
    await write(`${name}.pem`, cert)
    await write(`${name}.key`, key)
  }
  await rm(dir, { recursive: true, force: true })
  await rename(fresh, dir)
}
