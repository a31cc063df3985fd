import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto'
import {
  createSoftwareAttestation,
  createSoftwareKms,
  createSoftwareRoot,
  type Pcrs,
  type SoftwareAttestation,
  type SoftwareKms,
} from '@trivault/attestation'
import { fromBase64, fromHex, toBase64, toHex } from '@trivault/codec'
import { keptFile } from '../files.ts'

const random = (length: number) => new Uint8Array(randomBytes(length))

/** Content of the KMS file: a key and the expected measurement for each node, and the attestation root. */
type KmsFile = {
  readonly root: { readonly key: string; readonly certificate: string }
  readonly keys: Readonly<Record<string, { readonly material: string; readonly pcr0: string }>>
}

export type LocalKms = {
  readonly kms: SoftwareKms
  readonly attestation: SoftwareAttestation
  /** What the attestation authority measures for the holder of a key, by key id. */
  readonly pcrsOf: (keyId: string) => Pcrs | undefined
}

/**
 * The software KMS and attestation authority of a local vault, from `file` (0600), which is made at first. In AWS both are
 * hardware: here whoever reads the file can be any node.
 */
export function openLocalKms(file: string, keyIds: readonly string[]): LocalKms {
  const stored = JSON.parse(keptFile(file, () => JSON.stringify(make(keyIds)))) as KmsFile
  const rootKey: KeyObject = createPrivateKey(stored.root.key)
  const rootCert = fromBase64(stored.root.certificate)
  const clock = Date.now
  const keys = new Map(
    Object.entries(stored.keys).map(([keyId, { material, pcr0 }]) => [
      keyId,
      { material: fromBase64(material), pcrs: new Map([[0, fromHex(pcr0)]]) },
    ]),
  )
  return {
    kms: createSoftwareKms({ keys, attestationRoot: rootCert, clock, random }),
    attestation: createSoftwareAttestation({ rootKey, rootCert, clock, random }),
    pcrsOf: keyId => keys.get(keyId)?.pcrs,
  }
}

function make(keyIds: readonly string[]): KmsFile {
  const root = createSoftwareRoot({ time: Date.now(), random })
  return {
    root: {
      key: root.key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      certificate: toBase64(root.certificate),
    },
    keys: Object.fromEntries(keyIds.map(keyId => [keyId, { material: toBase64(random(32)), pcr0: toHex(random(48)) }])),
  }
}
