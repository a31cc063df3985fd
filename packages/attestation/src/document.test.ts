import { createHash, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { concat, toHex } from '@trivault/codec'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Cbor, type CborMap, decodeCbor, encodeCbor } from './cbor.ts'
import { type CertificateRequest, issueCertificate } from './certificate.ts'
import { type Ber, der, derOid, derSequence, readBer } from './der.ts'
import { encodeEnvelope, signatureStructure } from './document.ts'
import {
  type AttestationErrorCode,
  type AttestationPolicy,
  createSoftwareAttestation,
  parseDocument,
  verifyAttestation,
} from './index.ts'
import { createWorld, measurement, now, pcrsOf, random, recipientKeys } from './testing.ts'

const hour = 3_600_000
const { publicKey } = recipientKeys()
const nonce = random(32)
const userData = random(64)
const world = createWorld()
const policy: AttestationPolicy = { root: world.root.certificate, time: now, pcrs: pcrsOf('image'), nonce, userData }

let good: Uint8Array
beforeAll(async () => {
  good = await world.attestation.attest({ pcrs: pcrsOf('image'), publicKey, nonce, userData })
})

const refuses = (document: Uint8Array, code: AttestationErrorCode, changes: Partial<AttestationPolicy> = {}) =>
  expect(() => verifyAttestation(document, { ...policy, ...changes })).toThrow(expect.objectContaining({ code }))

const spki = (key: KeyObject) => new Uint8Array(key.export({ type: 'spki', format: 'der' }))
const pair = (namedCurve = 'secp384r1') => generateKeyPairSync('ec', { namedCurve })

/** Payload of a document as a map that a test may change. */
function payloadOf(document: Uint8Array): Map<number | string, Cbor> {
  const payload = (decodeCbor(document) as readonly Cbor[])[2]
  return new Map(decodeCbor(payload as Uint8Array) as CborMap)
}

/** A document whose payload is changed, signed by a leaf that the true root issued. */
function forge(changes: Record<string, Cbor | undefined>, rest: { key?: KeyObject; hash?: string } = {}): Uint8Array {
  const leaf = pair()
  const payload = payloadOf(good)
  payload.set('certificate', issue({ publicKey: spki(leaf.publicKey) }))
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) payload.delete(name)
    else payload.set(name, value)
  }
  const bytes = encodeCbor(payload)
  const key = rest.key ?? leaf.privateKey
  const signature = sign(rest.hash ?? 'sha384', signatureStructure(bytes), { key, dsaEncoding: 'ieee-p1363' })
  return encodeEnvelope(bytes, new Uint8Array(signature))
}

const rootName = 'Trivault software attestation root (not hardware)'
const issue = (changes: Partial<CertificateRequest> = {}): Uint8Array =>
  issueCertificate({
    subject: 'leaf',
    publicKey: spki(pair().publicKey),
    issuer: rootName,
    issuerKey: world.root.key,
    notBefore: now - hour,
    notAfter: now + hour,
    serial: random(16),
    ...changes,
  })

/** Writes a parsed value again. */
const write = ({ tag, content, children }: Ber): Uint8Array =>
  tag & 0x20 ? der(tag, ...children.map(write)) : der(tag, content)

/** A certificate whose list of extensions is changed, signed anew. */
function withExtensions(
  certificate: Uint8Array,
  edit: (extensions: readonly Ber[]) => readonly Ber[],
  { key = world.root.key, hash = 'sha384', algorithm = '1.2.840.10045.4.3.3' } = {},
): Uint8Array {
  const signedWith = readBer(derSequence(derOid(algorithm)))
  const toBeSigned = readBer(certificate).children[0] ?? readBer(certificate)
  const children = toBeSigned.children.map((child, position) => {
    if (position === 2) return signedWith
    const [list] = child.children
    return child.tag === 0xa3 && list ? { ...child, children: [{ ...list, children: edit(list.children) }] } : child
  })
  const bytes = write({ ...toBeSigned, children })
  const signature = new Uint8Array(sign(hash, bytes, key))
  return derSequence(bytes, write(signedWith), der(0x03, Uint8Array.of(0), signature))
}
const extension = (oid: string, critical: boolean, value: Uint8Array): Ber =>
  readBer(derSequence(derOid(oid), ...(critical ? [der(0x01, Uint8Array.of(0xff))] : []), der(0x04, value)))
const keyUsage = (bits: number) => extension('2.5.29.15', true, der(0x03, Uint8Array.of(0, bits)))

describe('a document of AWS', () => {
  const file = readFileSync(new URL('../fixtures/nitro-document.json', import.meta.url), 'utf8')
  const bytes = new Uint8Array(Buffer.from(JSON.parse(file).document, 'base64'))
  const { document } = parseDocument(bytes)
  const root = document.cabundle[0] ?? new Uint8Array()
  const time = Date.UTC(2026, 0, 3, 20, 42)
  const pcrs = new Map([...document.pcrs].filter(([index]) => index < 3))

  it('verifies under the root that AWS publishes', () => {
    expect(createHash('sha256').update(root).digest('hex')).toBe(
      '641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b',
    )
    expect(verifyAttestation(bytes, { root, time, pcrs })).toMatchObject({
      moduleId: 'i-0368fa67e156d6d23-enc019b8596b1a9dad6',
      timestamp: 1_767_472_867_402,
    })
    expect(toHex(pcrs.get(0) ?? root)).toMatch(/^4b8d4cf2a99e05ce/)
  })

  it('does not when anything is other than it was', () => {
    expect(() => verifyAttestation(bytes, { root: world.root.certificate, time, pcrs })).toThrow(/trusted root/)
    expect(() => verifyAttestation(bytes, { root, time: time + 4 * hour, pcrs })).toThrow(/not valid at this time/)
    expect(() => verifyAttestation(bytes, { root, time: time + hour, pcrs })).toThrow(/too old/)
    expect(() => verifyAttestation(bytes, { root, time, pcrs: pcrsOf('image') })).toThrow(/PCR0/)
    for (let at = 20; at < bytes.length; at += 61) {
      const altered = bytes.slice()
      altered[at] = (altered[at] ?? 0) ^ 1
      expect(() => verifyAttestation(altered, { root, time, pcrs })).toThrow()
    }
  })
})

describe('software documents', () => {
  it('verify and carry what was asked', () => {
    expect(verifyAttestation(good, policy)).toMatchObject({ publicKey, nonce, userData, timestamp: now })
    expect([...verifyAttestation(good, policy).pcrs.keys()]).toEqual([0, 3])
  })

  it('verify with an outer tag, and with nothing bound', async () => {
    expect(verifyAttestation(concat(Uint8Array.of(0xd2), good), policy).timestamp).toBe(now)
    const bare = await world.attestation.portFor(pcrsOf('image')).attest({})
    const { nonce: _, userData: __, ...rest } = policy
    expect(verifyAttestation(bare, rest)).toMatchObject({ publicKey: undefined, nonce: undefined, userData: undefined })
    refuses(bare, 'wrong-nonce')
  })

  it('have certificates that OpenSSL reads', () => {
    const { document } = parseDocument(good)
    const root = new X509Certificate(document.cabundle[0] ?? good)
    const leaf = new X509Certificate(document.certificate)
    expect([root.ca, leaf.ca]).toEqual([true, false])
    expect(leaf.issuer).toBe(root.subject)
    expect(root.validToDate.getUTCFullYear()).toBe(2046)
    expect(leaf.validToDate.getTime()).toBe(now + 3 * hour)
    const late = new X509Certificate(issue({ notAfter: Date.UTC(2051, 0, 2, 3, 4, 5) }))
    expect(late.validToDate.toISOString()).toBe('2051-01-02T03:04:05.000Z')
  })

  it("are refused to a key that is not the root's, and for fields that do not fit", async () => {
    const other = pair().privateKey
    const make = () =>
      createSoftwareAttestation({ rootKey: other, rootCert: world.root.certificate, clock: () => now, random })
    expect(make).toThrow(expect.objectContaining({ code: 'bad-request' }))
    const code = { code: 'bad-request' }
    const { attest } = world.attestation
    await expect(attest({ pcrs: pcrsOf('x'), nonce: random(513) })).rejects.toMatchObject(code)
    await expect(attest({ pcrs: pcrsOf('x'), publicKey: random(1025) })).rejects.toMatchObject(code)
    await expect(attest({ pcrs: new Map() })).rejects.toMatchObject(code)
    await expect(attest({ pcrs: new Map([[32, measurement('x')]]) })).rejects.toMatchObject(code)
    await expect(attest({ pcrs: new Map([[0, random(47)]]) })).rejects.toMatchObject(code)
  })
})

describe('verification rejects', () => {
  it('another measurement, an absent register, a debug enclave', async () => {
    refuses(good, 'wrong-pcr', { pcrs: pcrsOf('other image') })
    refuses(good, 'wrong-pcr', { pcrs: new Map([[3, measurement('other role')]]) })
    refuses(good, 'wrong-pcr', { pcrs: new Map([[8, measurement('image')]]) })
    const zero = new Uint8Array(48)
    const debug = await world.attestation.attest({ pcrs: new Map([...pcrsOf('image'), [0, zero]]), nonce, userData })
    refuses(debug, 'wrong-pcr', { pcrs: new Map([[3, measurement('role')]]) })
    const none = await world.attestation.attest({ pcrs: new Map([[3, measurement('role')]]), nonce, userData })
    refuses(none, 'wrong-pcr', { pcrs: new Map([[3, measurement('role')]]) })
  })

  it('policies that would accept anything', () => {
    refuses(good, 'bad-request', { pcrs: new Map() })
    refuses(good, 'bad-request', { pcrs: new Map([[0, new Uint8Array(48)]]) })
    refuses(good, 'bad-request', { pcrs: new Map([[0, new Uint8Array()]]) })
    refuses(good, 'bad-request', { nonce: new Uint8Array() })
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY]) refuses(good, 'bad-request', { time })
    for (const maxAgeMs of [Number.NaN, Number.POSITIVE_INFINITY]) refuses(good, 'bad-request', { maxAgeMs })
  })

  it('another root with the same name', () => {
    refuses(good, 'bad-chain', { root: createWorld().root.certificate })
  })

  it('another nonce or user data', () => {
    refuses(good, 'wrong-nonce', { nonce: random(32) })
    refuses(good, 'wrong-nonce', { nonce: nonce.slice(0, 31) })
    refuses(good, 'wrong-user-data', { userData: random(64) })
  })

  it('documents from too long ago or from the future', () => {
    refuses(good, 'expired', { time: now + 300_001 })
    refuses(good, 'expired', { time: now - 300_001 })
    refuses(good, 'expired', { time: now + 61_000, maxAgeMs: 60_000 })
    expect(verifyAttestation(good, { ...policy, time: now + 299_000 }).timestamp).toBe(now)
  })

  it('certificates that are not yet or no longer valid', () => {
    refuses(forge({ certificate: issue({ notAfter: now - 1000 }) }), 'expired')
    refuses(forge({ certificate: issue({ notBefore: now + 1000 }) }), 'expired')
    refuses(good, 'expired', { time: now + 30 * 8766 * hour })
  })

  it('a signature by another key, by another hash, or of other bytes', () => {
    refuses(forge({}, { key: pair().privateKey }), 'bad-signature')
    refuses(forge({}, { hash: 'sha256' }), 'bad-signature')
    for (const offset of [1, 50, 96]) {
      const altered = good.slice()
      altered[altered.length - offset] = (altered.at(-offset) ?? 0) ^ 1
      refuses(altered, 'bad-signature')
    }
  })

  it('any flipped bit', () => {
    for (let at = 0; at < good.length; at += 37) {
      const altered = good.slice()
      altered[at] = (altered[at] ?? 0) ^ 4
      expect(() => verifyAttestation(altered, policy), `byte ${at}`).toThrow(
        expect.objectContaining({ name: 'AttestationError' }),
      )
    }
  })

  it('a leaf that the root did not issue', () => {
    const stranger = pair()
    refuses(forge({ certificate: issue({ issuerKey: stranger.privateKey }) }), 'bad-chain')
    refuses(forge({ certificate: issue({ issuer: 'somebody else' }) }), 'bad-chain')
  })

  it('a leaf that is an authority, and an issuer that is none', () => {
    refuses(forge({ certificate: issue({ pathLength: 0 }) }), 'bad-chain')
    const middle = pair()
    const notAuthority = issue({ subject: 'middle', publicKey: spki(middle.publicKey) })
    const leaf = issue({ issuer: 'middle', issuerKey: middle.privateKey })
    refuses(forge({ cabundle: [world.root.certificate, notAuthority], certificate: leaf }), 'bad-chain')
  })

  it('a chain longer than an authority allows', () => {
    const middle = pair()
    const authority = issue({ subject: 'middle', publicKey: spki(middle.publicKey), pathLength: 0 })
    const leaf = issue({ issuer: 'middle', issuerKey: middle.privateKey })
    refuses(forge({ cabundle: [world.root.certificate, authority], certificate: leaf }), 'bad-chain')
  })

  it('a chain without root, with a hole, with junk, or in another order', () => {
    const root = world.root.certificate
    refuses(forge({ cabundle: [issue({ pathLength: 0 })] }), 'bad-chain')
    refuses(forge({ cabundle: [root, root.slice(0, -1)] }), 'bad-chain')
    refuses(forge({ cabundle: [root, concat(root, Uint8Array.of(0))] }), 'bad-chain')
    refuses(forge({ certificate: random(200) }), 'bad-chain')
    refuses(forge({ cabundle: Array.from({ length: 8 }, () => root) }), 'bad-chain')
  })

  it('extensions that do not fit the place in the chain', () => {
    const leaf = pair()
    const certificate = issue({ publicKey: spki(leaf.publicKey) })
    const authority = issue({ publicKey: spki(leaf.publicKey), pathLength: 0 })
    const made = (from: Uint8Array, edit: (extensions: readonly Ber[]) => readonly Ber[], how = {}) =>
      forge({ certificate: withExtensions(from, edit, how) }, { key: leaf.privateKey })
    const same = (extensions: readonly Ber[]) => extensions
    const unknown = (critical: boolean) => extension('1.2.3.4', critical, der(0x05))
    const sha256 = { hash: 'sha256', algorithm: '1.2.840.10045.4.3.2' }

    expect(verifyAttestation(made(certificate, same), policy).timestamp).toBe(now)
    expect(
      verifyAttestation(
        made(certificate, list => [...list, unknown(false)]),
        policy,
      ).timestamp,
    ).toBe(now)
    expect(
      verifyAttestation(
        made(certificate, list => list.slice(0, 1)),
        policy,
      ).timestamp,
    ).toBe(now)
    refuses(
      made(certificate, list => [...list, unknown(true)]),
      'bad-chain',
    )
    refuses(
      made(certificate, list => [...list, unknown(false), unknown(false)]),
      'bad-chain',
    )
    refuses(
      made(certificate, list => [...list.slice(0, 1), keyUsage(0x40)]),
      'bad-chain',
    )
    refuses(
      made(authority, list => [...list.slice(0, 1), keyUsage(0x84)]),
      'bad-chain',
    )
    refuses(made(certificate, same, sha256), 'bad-chain')
  })

  it('a root that may not sign certificates', () => {
    const leaf = pair()
    const change = (edit: (extensions: readonly Ber[]) => readonly Ber[]) => {
      const root = withExtensions(world.root.certificate, edit)
      const certificate = issue({ publicKey: spki(leaf.publicKey) })
      return [forge({ cabundle: [root], certificate }, { key: leaf.privateKey }), { root }] as const
    }
    const [document, trusted] = change(extensions => extensions)
    expect(verifyAttestation(document, { ...policy, ...trusted }).timestamp).toBe(now)
    const refused = (edit: (extensions: readonly Ber[]) => readonly Ber[]) => {
      const [other, roots] = change(edit)
      refuses(other, 'bad-chain', roots)
    }
    refused(list => list.slice(1))
    refused(list => [...list.slice(0, 1), keyUsage(0x80)])
    refused(list => [extension('2.5.29.19', true, derSequence()), ...list.slice(1)])
  })

  it('keys that are not on P-384', () => {
    refuses(forge({ certificate: issue({ publicKey: spki(pair('prime256v1').publicKey) }) }), 'bad-chain')
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
    refuses(forge({ certificate: issue({ publicKey: spki(rsa) }) }), 'bad-chain')
  })

  it.each<[string, Record<string, Cbor | undefined>]>([
    ['no module id', { module_id: undefined }],
    ['an empty module id', { module_id: '' }],
    ['a module id of another type', { module_id: 7 }],
    ['another digest', { digest: 'SHA256' }],
    ['no timestamp', { timestamp: undefined }],
    ['timestamp 0', { timestamp: 0 }],
    ['a negative timestamp', { timestamp: -1 }],
    ['no registers', { pcrs: new Map() }],
    ['registers of another type', { pcrs: [] }],
    ['a register beyond 31', { pcrs: new Map([[32, measurement('image')]]) }],
    ['a register of 32 bytes', { pcrs: new Map([[0, random(32)]]) }],
    ['a register with a text as index', { pcrs: new Map([['0', measurement('image')]]) }],
    ['an empty chain', { cabundle: [] }],
    ['a chain of another type', { cabundle: random(10) }],
    ['a chain with an empty certificate', { cabundle: [new Uint8Array()] }],
    ['a certificate too large', { certificate: random(1025) }],
    ['a public key too large', { public_key: random(1025) }],
    ['user data too large', { user_data: random(513) }],
    ['a nonce too large', { nonce: random(513) }],
    ['a nonce of another type', { nonce: 'text' }],
    ['an unknown field', { extra: 1 }],
  ])('%s', (_, changes) => refuses(forge(changes), 'malformed-document'))

  it('envelopes that are no COSE_Sign1 with ES384', () => {
    const [header, , payload, signature] = decodeCbor(good) as readonly Cbor[]
    const bytes = (...items: (Cbor | undefined)[]) => encodeCbor(items.map(item => item ?? null))
    refuses(bytes(header, new Map(), payload), 'malformed-document')
    refuses(bytes(header, new Map(), payload, signature, null), 'malformed-document')
    refuses(bytes(header, new Map([[1, -35]]), payload, signature), 'malformed-document')
    refuses(bytes(header, null, payload, signature), 'malformed-document')
    refuses(bytes(header, new Map(), null, signature), 'malformed-document')
    refuses(bytes(header, new Map(), payload, (signature as Uint8Array).slice(1)), 'malformed-document')
    for (const algorithm of [-7, -36, -8]) {
      refuses(bytes(encodeCbor(new Map([[1, algorithm]])), new Map(), payload, signature), 'malformed-document')
    }
    refuses(bytes(new Uint8Array(), new Map(), payload, signature), 'malformed-document')
    refuses(encodeCbor(new Map()), 'malformed-document')
    refuses(concat(good, Uint8Array.of(0)), 'malformed-document')
    refuses(new Uint8Array(16_385), 'malformed-document')
    refuses(new Uint8Array(), 'malformed-document')
  })
})
