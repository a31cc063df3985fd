import { createHash, randomBytes } from 'node:crypto'
import { createSoftwareAttestation, createSoftwareKms, createSoftwareRoot, type KmsPort } from '@trivault/attestation'
import { adminSignerOf } from '@trivault/protocol'
import { describe, expect, it } from 'vitest'
import { type ReleaseOptions, releaseSecret } from './release.ts'
import { createNodeSecret, encodeNodeSecret, NODE_SECRET_LENGTH, secretContext } from './secret.ts'

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const time = Date.UTC(2026, 10, 22)
const root = createSoftwareRoot({ time, random })
const attestation = createSoftwareAttestation({
  rootKey: root.key,
  rootCert: root.certificate,
  clock: () => time,
  random,
})
const pcrs = new Map([[0, new Uint8Array(createHash('sha384').update('image').digest())]])
const kms = createSoftwareKms({
  keys: new Map([['node0', { material: random(32), pcrs }]]),
  attestationRoot: root.certificate,
  clock: () => time,
  random,
})
const secret = createNodeSecret({ random, adminKey: adminSignerOf(random(32)).adminKey })
const seal = (plaintext: Uint8Array) =>
  kms.encrypt({ keyId: 'node0', plaintext, encryptionContext: secretContext('d', 0) })
const sealed = await seal(encodeNodeSecret(secret))

/** A release whose host does something to the envelope on its way. */
const releaseWith = (alter: (envelope: Uint8Array) => Uint8Array, of = sealed) => {
  const between: KmsPort = { decrypt: async request => alter(await kms.decrypt(request)) }
  const options: ReleaseOptions = {
    attestation: attestation.portFor(pcrs),
    kms: between,
    sealed: of,
    deploymentId: 'd',
    index: 0,
    random,
  }
  return releaseSecret(options)
}
const outcomeOf = (alter: (envelope: Uint8Array) => Uint8Array): Promise<string> =>
  releaseWith(alter).then(
    () => 'released',
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  )
/** The last byte but `fromEnd` changed. */
const flipped = (fromEnd: number, by: number) => (envelope: Uint8Array) => {
  const altered = envelope.slice()
  altered[altered.length - 1 - fromEnd] = (altered[altered.length - 1 - fromEnd] ?? 0) ^ by
  return altered
}

describe('release of a node secret', () => {
  it('releases what was sealed', async () => {
    expect(await releaseWith(envelope => envelope)).toEqual(secret)
  })

  // The host makes the KMS call and starts the core as often as it likes: an answer that depends on padding or content would
  // give it the secret byte by byte.
  it('tells a host that alters the content one thing only', async () => {
    const outcomes = new Set<string>()
    for (const by of [1, 2, 3, 0x0e, 0x1f, 0x80]) outcomes.add(await outcomeOf(flipped(16, by)))
    for (const fromEnd of [17, 31, 32, 63, 64, 500, 911, 912, 943, 944, 960, 976, 1008, 1039])
      outcomes.add(await outcomeOf(flipped(fromEnd, 1)))
    expect([...outcomes]).toEqual([expect.stringMatching(/^bad-secret: /)])
  })

  it('refuses what was sealed as something else', async () => {
    const encoded = encodeNodeSecret(secret)
    const foreign = await seal(new Uint8Array(NODE_SECRET_LENGTH))
    await expect(releaseWith(envelope => envelope, foreign)).rejects.toMatchObject({ code: 'bad-secret' })
    for (const length of [96, 65])
      await expect(releaseWith(envelope => envelope, await seal(encoded.slice(0, length)))).rejects.toMatchObject({
        code: 'bad-envelope',
      })
  })
})
