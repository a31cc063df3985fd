import { createHash, createPublicKey, type KeyObject } from 'node:crypto'

/** What is wrong with a value, and on which of its own lines (from 0) if it has several. Never repeats the value. */
export interface Fault {
  readonly message: string
  readonly remedy: string
  readonly line?: number
}

const ERS_BITS = 3072

const literal = 'write it as a YAML literal block: `name: |`, then the PEM lines indented by two spaces'

/** A PEM block of this label, line by line. */
export function pemFault(text: string, label: string): Fault | undefined {
  const lines = text.replace(/\s+$/, '').split('\n')
  const [begin, end] = [`-----BEGIN ${label}-----`, `-----END ${label}-----`]
  if (lines.length === 1 && text.includes('-----BEGIN '))
    return { message: 'the line breaks of the PEM block are gone', remedy: literal, line: 0 }
  if (lines[0] !== begin) {
    const other = /^-----BEGIN ([A-Z0-9 ]+)-----$/.exec(lines[0] ?? '')?.[1]
    return other === undefined
      ? { message: `does not begin with ${begin}`, remedy: literal, line: 0 }
      : { message: `is a block of ${other}, not of ${label}`, remedy: `put the ${label} block here`, line: 0 }
  }
  const last = lines.length - 1
  if (lines[last] !== end) return { message: `does not end with ${end}`, remedy: literal, line: last }
  const bad = lines.findIndex((line, i) => i > 0 && i < last && !/^[A-Za-z0-9+/]{1,76}={0,2}$/.test(line))
  if (bad > 0)
    return {
      message: 'this line of the PEM block is not base64',
      remedy: 'copy the block again, without spaces, tabs or quotes in it',
      line: bad,
    }
  const short = lines.findIndex((line, i) => i > 0 && i < last - 1 && line.length !== lines[1]?.length)
  if (short > 0) return { message: 'this line of the PEM block is cut', remedy: 'copy the block again', line: short }
  return undefined
}

/** The ERS public key, given as PEM or as the one line of base64 that its ceremony prints. */
export function parseErsKey(text: string): { readonly key: ErsKey } | { readonly fault: Fault } {
  const fault = (message: string, line?: number): { fault: Fault } => ({
    fault: {
      message,
      remedy: 'give the line that the key ceremony of step 2 printed for ers_public_key',
      ...(line !== undefined && { line }),
    },
  })
  if (text.includes('PRIVATE KEY')) return fault('this is a private key; it must never come near this host')
  const pem = text.includes('-----') ? text : wrap(text)
  if (pem === undefined) return fault('is neither PEM nor one line of base64')
  const broken = pemFault(pem, 'PUBLIC KEY')
  if (broken !== undefined) return { fault: broken }
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch {
    return fault('is not a public key (SubjectPublicKeyInfo)')
  }
  if (key.asymmetricKeyType !== 'rsa') return fault(`is a key of kind ${key.asymmetricKeyType}; it must be RSA`)
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits < ERS_BITS) return fault(`has ${bits} bits; it must have ${ERS_BITS} or more`)
  const der = key.export({ type: 'spki', format: 'der' })
  return {
    key: {
      pem: key.export({ type: 'spki', format: 'pem' }).toString(),
      fingerprint: new Uint8Array(createHash('sha256').update(der).digest()),
    },
  }
}

export interface ErsKey {
  readonly pem: string
  /** SHA-256 of the SubjectPublicKeyInfo, as the nodes pin it. */
  readonly fingerprint: Uint8Array
}

function wrap(base64: string): string | undefined {
  const digits = base64.trim()
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(digits)) return undefined
  return `-----BEGIN PUBLIC KEY-----\n${digits.replace(/(.{64})(?=.)/g, '$1\n')}\n-----END PUBLIC KEY-----\n`
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || /^127\./.test(host)

/** https, or http on this machine. */
export function isSafeUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))
}
