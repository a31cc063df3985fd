import { createHash, randomBytes } from 'node:crypto'
import { concat, equalBytes, fromHex, toHex } from '@trivault/codec'
import { adminSignerOf, taggedHash } from '@trivault/protocol'
import { describe, expect, it } from 'vitest'
import type { NodeSecret } from './ports.ts'
import {
  createNodeSecret,
  decodeNodeSecret,
  encodeNodeSecret,
  firstSecret,
  identityKeyOf,
  NODE_SECRET_LENGTH,
} from './secret.ts'

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const { adminKey } = adminSignerOf(random(32))
const anchor = {
  region: 'eu-central-1',
  host: 'dynamodb.eu-central-1.amazonaws.com',
  table: 'trivault-prod-policy-node1-anchor',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}
const plain = createNodeSecret({ random, adminKey })
const withAnchor = createNodeSecret({ random, adminKey, anchor })
const withAuthority: NodeSecret = { ...withAnchor, anchor: { ...anchor, authority: random(500) } }

/** The bytes with a right check over whatever is before it. */
const checked = (bytes: Uint8Array): Uint8Array => {
  const room = bytes.slice(0, NODE_SECRET_LENGTH - 32)
  return concat(room, taggedHash('node-secret/v3', room))
}
const altered = (bytes: Uint8Array, at: number, by = 1) => bytes.with(at, (bytes[at] ?? 0) ^ by)
const expectBad = (bytes: Uint8Array) =>
  expect(() => decodeNodeSecret(bytes)).toThrow(
    expect.objectContaining({ code: 'bad-secret', message: 'what the KMS released is not a node secret' }),
  )

describe('a node secret', () => {
  it.each([
    ['plain', plain],
    ['with an anchor', withAnchor],
    ['with an authority', withAuthority],
  ])('comes back as it was made: %s', (_, secret) => {
    const encoded = encodeNodeSecret(secret)
    expect(encoded.length).toBe(1024)
    expect(decodeNodeSecret(encoded)).toEqual(
      secret.anchor === undefined ? secret : { ...secret, anchor: { authority: undefined, ...secret.anchor } },
    )
  })

  it('has one form for good', () => {
    const secret = encodeNodeSecret({
      encryptorMasterPassword: new Uint8Array(32).fill(1),
      identitySeed: new Uint8Array(32).fill(2),
      adminKey: adminSignerOf(new Uint8Array(32).fill(3)).adminKey,
      anchor,
    })
    expect(createHash('sha256').update(secret).digest('hex')).toBe(
      '4c33bb5a2b2a3764dc1805dbaf9ad2b00aa3ac34639b2f0f630bf4b93a08c129',
    )
  })

  it('is refused with any byte altered, cut off, or longer', () => {
    const encoded = encodeNodeSecret(withAnchor)
    for (let at = 0; at < encoded.length; at++) expectBad(altered(encoded, at))
    for (const length of [0, 65, 96, 1008, 1023]) expectBad(encoded.slice(0, length))
    expectBad(concat(encoded, new Uint8Array(1)))
    expectBad(new Uint8Array(NODE_SECRET_LENGTH))
  })

  it('is refused under a right check when the padding is not zero', () => {
    const encoded = encodeNodeSecret(withAnchor)
    expect(decodeNodeSecret(checked(encoded))).toMatchObject({ anchor })
    const end = encoded.length - 33
    let first = end
    while (encoded[first - 1] === 0) first--
    // The first of these zeros says that there is no authority.
    for (const at of [first + 1, first + 2, end - 1, end]) expectBad(checked(altered(encoded, at)))
  })

  it('is refused under a right check when a text ends elsewhere, is not text, or a flag is neither 0 nor 1', () => {
    const encoded = encodeNodeSecret(withAnchor)
    expect(encoded[97]).toBe(1)
    expectBad(checked(altered(encoded, 97, 3)))
    expectBad(checked(altered(encoded, 101, 0x7f)))
    expectBad(checked(altered(encoded, 102, 0x80)))
    expectBad(checked(altered(encoded, 98, 0x80)))
  })

  it('is refused under a right check when the admin key is no point on P-256', () => {
    const off = adminKey.slice()
    // About half of all x have a point: the next one that has none.
    for (let at = 0; at < 64; at++) {
      off[32] = at
      try {
        encodeNodeSecret({ ...plain, adminKey: off })
      } catch {
        break
      }
    }
    const beyondField = fromHex(`02${'ff'.repeat(32)}`)
    const zeros = new Uint8Array(33)
    const uncompressed = concat(Uint8Array.of(4), adminKey.slice(1))
    const encoded = encodeNodeSecret(plain)
    for (const key of [off, beyondField, zeros, uncompressed, concat(Uint8Array.of(5), adminKey.slice(1))]) {
      expect(() => encodeNodeSecret({ ...plain, adminKey: key })).toThrow('the admin key is not a point on P-256')
      const forged = encoded.slice()
      forged.set(key, 64)
      expectBad(checked(forged))
    }
    // The same x with the other y is another key, not a broken one.
    const other = encoded.with(64, adminKey[0] === 2 ? 3 : 2)
    expect(equalBytes(decodeNodeSecret(checked(other)).adminKey, adminKey)).toBe(false)
  })

  it('is not made where it does not fit', () => {
    const authority = random(1000)
    expect(() => encodeNodeSecret({ ...plain, anchor: { ...anchor, authority } })).toThrow(
      /does not fit: .* \d+ bytes less/,
    )
    expect(() => encodeNodeSecret({ ...plain, anchor: { ...anchor, table: 'x'.repeat(300) } })).toThrow(/at most 255/)
  })
})

describe('the first secret', () => {
  it('is shown to nobody but the encryption, bound to deployment and node, and erased', async () => {
    let seen = new Uint8Array(0)
    let copy = new Uint8Array(0)
    const made = await firstSecret({
      ...{ deploymentId: 'd', index: 1, adminKey, anchor, random },
      async encrypt(plaintext, context) {
        expect(context).toEqual({ deploymentId: 'd', node: '1' })
        seen = plaintext as Uint8Array<ArrayBuffer>
        copy = plaintext.slice() as Uint8Array<ArrayBuffer>
        return new Uint8Array(3)
      },
    })
    expect(seen.every(byte => byte === 0)).toBe(true)
    const secret = decodeNodeSecret(copy)
    expect(toHex(identityKeyOf(secret))).toBe(toHex(made.identityKey))
    expect([toHex(secret.adminKey), secret.anchor?.table, made.sealed.length]).toEqual([
      toHex(adminKey),
      anchor.table,
      3,
    ])
  })

  it('is not made with a key that is none', async () => {
    const encrypt = async () => expect.fail('encrypted')
    const options = { deploymentId: 'd', index: 1, adminKey: new Uint8Array(33), random, encrypt }
    await expect(firstSecret(options)).rejects.toMatchObject({ code: 'bad-secret' })
  })
})
