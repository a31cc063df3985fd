import type { Release } from './release.ts'
import type { Fingerprint } from './signing.ts'

/** The letter that goes with a release. It travels by another way than the bundle: the fingerprint in it pins the signing key. */
export function deliveryNote(
  { release, deployer, enclave, images }: Release,
  fingerprint: Fingerprint,
  { registry, bucket }: { readonly registry: string; readonly bucket: string },
): string {
  return `Trivault delivery note

Wallet release tag        ${release}
Deployer version          ${deployer.version}
Policy Node / enclave tag ${enclave.tag}
Signing key fingerprint   ${fingerprint}
Registry                  ${registry}
Bucket                    ${bucket}

Images
  wallet-deployer  ${deployer.image}
${Object.entries(images)
  .map(([name, digest]) => `  ${name.padEnd(15)}  ${digest}`)
  .join('\n')}

PCRs of the enclave image
${Object.entries(enclave.pcrs)
  .map(([name, value]) => `  ${name}  ${value}`)
  .join('\n')}

For your shell:

export CUSTOMER_SHARED_SEGMENT=${release}
export DEPLOYER_VERSION=${deployer.version}
export MPA_IMAGE_TAG=${enclave.tag}
export SIGNING_KEY_FINGERPRINT=${fingerprint}
export DELIVERY_REGISTRY=${registry}
export DELIVERY_BUCKET=${bucket}
`
}
