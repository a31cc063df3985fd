import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { createSoftwareAttestation, createSoftwareKms, createSoftwareRoot, type Pcrs } from './index.ts'

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
export const measurement = (name: string): Uint8Array => new Uint8Array(createHash('sha384').update(name).digest())
export const now = Date.UTC(2026, 10, 22, 12)

/** The registers of one enclave image. */
export const pcrsOf = (image: string): Pcrs =>
  new Map([
    [0, measurement(image)],
    [3, measurement('role')],
  ])

/** An RSA key pair such as an enclave makes at its start. */
export function recipientKeys(modulusLength = 2048) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength })
  return { publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })), privateKey }
}

/** A root, an authority and a KMS whose clocks stand at `now` until moved. */
export function createWorld() {
  const clock = { time: now }
  const root = createSoftwareRoot({ time: now, random })
  const attestation = createSoftwareAttestation({
    rootKey: root.key,
    rootCert: root.certificate,
    clock: () => clock.time,
    random,
  })
  const kms = createSoftwareKms({
    keys: new Map([
      ['node0', { material: random(32), pcrs: pcrsOf('image') }],
      ['node1', { material: random(32), pcrs: pcrsOf('image') }],
    ]),
    attestationRoot: root.certificate,
    clock: () => clock.time,
    random,
  })
  return { clock, root, attestation, kms }
}
