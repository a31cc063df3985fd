import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { concat, utf8 } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { openCiphertextForRecipient, sealForRecipient } from './cms.ts'
import { type Ber, der, derOid, derSequence, readBer } from './der.ts'
import type { AttestationErrorCode } from './index.ts'
import { createWorld, pcrsOf, random, recipientKeys } from './testing.ts'

const enclave = recipientKeys()
const other = recipientKeys()
const secret = random(64)
const context = { deploymentId: 'd-1', node: '0' }

describe('CiphertextForRecipient', () => {
  const publicKey = createPublicKey({ key: Buffer.from(enclave.publicKey), format: 'der', type: 'spki' })
  const envelope = sealForRecipient(secret, publicKey, random)
  const open = (cms: Uint8Array, key = enclave.privateKey) => openCiphertextForRecipient(cms, key, secret.length)
  const bad = (cms: Uint8Array, key = enclave.privateKey) =>
    expect(() => open(cms, key)).toThrow(expect.objectContaining({ code: 'bad-envelope' }))

  it('opens what it sealed, of any length', () => {
    expect(open(envelope)).toEqual(secret)
    for (const length of [0, 1, 15, 16, 17, 4096]) {
      const bytes = random(length)
      const sealed = sealForRecipient(bytes, publicKey, random)
      expect(openCiphertextForRecipient(sealed, enclave.privateKey, length)).toEqual(bytes)
    }
  })

  const openssl = JSON.parse(readFileSync(new URL('../fixtures/openssl-cms.json', import.meta.url), 'utf8'))
  it.each(['indefinite', 'definite'])('opens an envelope of OpenSSL with %s lengths', async form => {
    const { createPrivateKey } = await import('node:crypto')
    const cms = new Uint8Array(Buffer.from(openssl[form], 'base64'))
    const plaintext = utf8(openssl.plaintext)
    expect(openCiphertextForRecipient(cms, createPrivateKey(openssl.privateKey), plaintext.length)).toEqual(plaintext)
    bad(cms)
  })

  /** The same value with every constructed length indefinite, and the content in pieces. */
  function toBer({ tag, content, children }: Ber): Uint8Array {
    const end = new Uint8Array(2)
    if (tag === 0x80 && content.length > 20) {
      const pieces = [content.slice(0, 7), content.slice(7, 7), content.slice(7)].map(piece => der(0x04, piece))
      return concat(Uint8Array.of(0xa0, 0x80), ...pieces, end)
    }
    if (!(tag & 0x20)) return der(tag, content)
    return concat(Uint8Array.of(tag, 0x80), ...children.map(toBer), end)
  }

  it('opens BER with indefinite lengths and a content in pieces', () => {
    const bytes = toBer(readBer(envelope))
    expect(bytes).not.toEqual(envelope)
    expect(open(bytes)).toEqual(secret)
  })

  it('opens what was altered inside whatever its padding, so that no answer tells of the plaintext', () => {
    const at = envelope.length - 17
    for (let by = 1; by < 256; by++) {
      const altered = envelope.slice()
      altered[at] = (altered[at] ?? 0) ^ by
      expect(open(altered)).toHaveLength(secret.length)
    }
  })

  it('refuses a content of another length before it decrypts', () => {
    for (const length of [48, 80, 65 + 15]) {
      const sealed = sealForRecipient(random(length), publicKey, random)
      expect(() => open(sealed)).toThrow(expect.objectContaining({ code: 'bad-envelope' }))
    }
    for (const length of [0, 63, 80, 4096])
      expect(() => openCiphertextForRecipient(envelope, enclave.privateKey, length)).toThrow()
  })

  it('refuses another key', () => bad(envelope, other.privateKey))

  it('refuses every cut and what follows the end', () => {
    for (let length = 0; length < envelope.length; length += 7) bad(envelope.slice(0, length))
    const ber = toBer(readBer(envelope))
    for (let length = 0; length < ber.length; length += 7) bad(ber.slice(0, length))
    bad(concat(envelope, Uint8Array.of(0)))
    bad(new Uint8Array(70_000))
  })

  it('never throws anything else at noise', () => {
    for (let at = 0; at < envelope.length; at += 3) {
      const altered = envelope.slice()
      altered[at] = (altered[at] ?? 0) ^ 0x55
      try {
        open(altered)
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad-envelope' })
      }
    }
    for (let i = 0; i < 200; i++) bad(random(i))
    bad(utf8('\x30\x80'.repeat(40)))
  })

  const change = (edit: (value: Ber) => Ber): Uint8Array => {
    const walk = (value: Ber): Uint8Array => {
      const { tag, content, children } = edit(value)
      return children.length > 0 || tag & 0x20 ? der(tag, ...children.map(walk)) : der(tag, content)
    }
    return walk(readBer(envelope))
  }
  const swapOid = (from: string, to: string) =>
    change(value =>
      value.tag === 0x06 && Buffer.from(value.content).toString('hex') === from
        ? { ...value, content: new Uint8Array(Buffer.from(to, 'hex')) }
        : value,
    )

  it('can be taken apart and put together in these tests', () => {
    expect(change(value => value)).toEqual(envelope)
  })

  it.each([
    ['SignedData', '2a864886f70d010703', '2a864886f70d010702'],
    ['RSA PKCS #1 v1.5', '2a864886f70d010107', '2a864886f70d010101'],
    ['OAEP with SHA-1', '608648016503040201', '2b0e03021a'],
    ['another mask', '2a864886f70d010108', '2a864886f70d010109'],
    ['AES-128-CBC', '60864801650304012a', '608648016503040102'],
    ['nested SignedData', '2a864886f70d010701', '2a864886f70d010702'],
  ])('refuses %s', (_, from, to) => bad(swapOid(from, to)))

  it('refuses SHA-1 in the mask alone, and a label', () => {
    let seen = 0
    const sha256 = '608648016503040201'
    bad(
      change(value => {
        if (value.tag !== 0x06 || Buffer.from(value.content).toString('hex') !== sha256 || ++seen < 2) return value
        return { ...value, content: new Uint8Array(Buffer.from('2b0e03021a', 'hex')) }
      }),
    )
    expect(seen).toBe(2)
    const labelled = (label: string) =>
      change(value => {
        const [first] = value.children
        const source = readBer(der(0xa2, derSequence(derOid('1.2.840.113549.1.1.9'), der(0x04, utf8(label)))))
        return first?.tag === 0xa0 && value.children.length === 2
          ? { ...value, children: [...value.children, source] }
          : value
      })
    expect(open(labelled(''))).toEqual(secret)
    bad(labelled('x'))
  })

  it('refuses two recipients and none', () => {
    const recipients = (count: number) =>
      change(value => {
        const [first] = value.children
        return value.tag === 0x31 && first ? { ...value, children: Array.from({ length: count }, () => first) } : value
      })
    bad(recipients(0))
    bad(recipients(2))
  })

  it('says the same whatever is wrong inside, and keeps no cause', () => {
    const messages = new Set<string>()
    for (const cms of [swapOid('2a864886f70d010107', '2a864886f70d010101'), envelope.slice(0, -1)]) {
      try {
        open(cms)
      } catch (error) {
        messages.add(String(error))
        expect((error as Error).cause).toBeUndefined()
      }
    }
    expect(messages.size).toBe(1)
  })
})

describe('software KMS', () => {
  const { attestation, kms, clock } = createWorld()
  const recipient = (image = 'image', publicKey: Uint8Array | undefined = enclave.publicKey) =>
    attestation.attest({ pcrs: pcrsOf(image), ...(publicKey && { publicKey }), nonce: random(32) })
  const encrypt = (encryptionContext = context, keyId = 'node0') =>
    kms.encrypt({ keyId, plaintext: secret, encryptionContext })
  const refuses = async (request: Partial<Parameters<typeof kms.decrypt>[0]>, code: AttestationErrorCode) =>
    expect(
      kms.decrypt({
        ciphertext: await encrypt(),
        encryptionContext: context,
        recipient: await recipient(),
        ...request,
      }),
    ).rejects.toMatchObject({ code })

  it('releases a secret to the attested enclave and to nobody else', async () => {
    const answer = await kms.decrypt({
      ciphertext: await encrypt(),
      encryptionContext: { node: '0', deploymentId: 'd-1' },
      recipient: await recipient(),
    })
    expect(Buffer.from(answer).includes(Buffer.from(secret))).toBe(false)
    expect(openCiphertextForRecipient(answer, enclave.privateKey, secret.length)).toEqual(secret)
    expect(() => openCiphertextForRecipient(answer, other.privateKey, secret.length)).toThrow()
  })

  it('makes data keys', async () => {
    const { plaintext, ciphertext } = await kms.generateDataKey({ keyId: 'node1', encryptionContext: context })
    const answer = await kms.decrypt({ ciphertext, encryptionContext: context, recipient: await recipient() })
    expect(plaintext).toHaveLength(32)
    expect(openCiphertextForRecipient(answer, enclave.privateKey, plaintext.length)).toEqual(plaintext)
    expect(kms.keyIdOf(ciphertext)).toBe('node1')
  })

  it('refuses another image, and a document of another root', async () => {
    await refuses({ recipient: await recipient('other image') }, 'wrong-pcr')
    const foreign = createWorld().attestation
    await refuses(
      { recipient: await foreign.attest({ pcrs: pcrsOf('image'), publicKey: enclave.publicKey }) },
      'bad-chain',
    )
    await refuses({ recipient: random(100) }, 'malformed-document')
  })

  it('refuses an old document', async () => {
    const old = await recipient()
    clock.time += 301_000
    await refuses({ recipient: old }, 'expired')
  })

  it('refuses a document without a key, with a weak one, or one that is no RSA key', async () => {
    await refuses({ recipient: await recipient('image', new Uint8Array()) }, 'no-recipient-key')
    await refuses({ recipient: await recipient('image', recipientKeys(1024).publicKey) }, 'no-recipient-key')
    await refuses({ recipient: await recipient('image', random(64)) }, 'no-recipient-key')
  })

  it.each<[string, Record<string, string>]>([
    ['another value', { ...context, node: '1' }],
    ['a pair missing', { node: '0' }],
    ['a pair more', { ...context, more: 'x' }],
    ['none', {}],
    ['values moved between names', { deploymentId: '0', node: 'd-1' }],
  ])('refuses a context with %s', (_, encryptionContext) => refuses({ encryptionContext }, 'bad-ciphertext'))

  it('refuses an altered ciphertext', async () => {
    const ciphertext = await encrypt()
    const document = await recipient()
    for (let at = 0; at < ciphertext.length; at += 5) {
      const altered = ciphertext.slice()
      altered[at] = (altered[at] ?? 0) ^ 1
      await expect(
        kms.decrypt({ ciphertext: altered, encryptionContext: context, recipient: document }),
      ).rejects.toMatchObject({ code: expect.stringMatching(/^(bad-ciphertext|unknown-key)$/) })
    }
    await refuses({ ciphertext: ciphertext.slice(0, -1) }, 'bad-ciphertext')
    await refuses({ ciphertext: concat(ciphertext, Uint8Array.of(0)) }, 'bad-ciphertext')
    await refuses({ ciphertext: new Uint8Array() }, 'bad-ciphertext')
  })

  it('refuses a ciphertext under the name of another key', async () => {
    const moved = Buffer.from(await encrypt())
    moved.write('node1', moved.indexOf('node0'))
    await refuses({ ciphertext: new Uint8Array(moved) }, 'bad-ciphertext')
    const foreign = createWorld().kms
    const ciphertext = await foreign.encrypt({ keyId: 'node0', plaintext: secret, encryptionContext: context })
    await refuses({ ciphertext }, 'bad-ciphertext')
  })

  it('refuses to encrypt nothing, too much, under an unknown key or a huge context', async () => {
    const code = (value: AttestationErrorCode) => ({ code: value })
    const base = { keyId: 'node0', encryptionContext: context }
    await expect(kms.encrypt({ ...base, plaintext: new Uint8Array() })).rejects.toMatchObject(code('bad-request'))
    await expect(kms.encrypt({ ...base, plaintext: random(4097) })).rejects.toMatchObject(code('bad-request'))
    await expect(encrypt(context, 'node7')).rejects.toMatchObject(code('unknown-key'))
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v']))
    await expect(encrypt(many as typeof context)).rejects.toMatchObject(code('bad-request'))
  })

  it('never gives the same ciphertext twice', async () => {
    expect(await encrypt()).not.toEqual(await encrypt())
  })
})
