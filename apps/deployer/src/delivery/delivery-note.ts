import { places, type Release } from './release.ts'
import type { Fingerprint } from './signing.ts'

/** Downloaded first, so nothing can have checked them. */
const checkers = ['Makefile', 'scripts/verify-release.sh'] as const

/** The letter that goes with a release. It travels by another way than the bundle: the fingerprint in it pins the signing key. */
export function deliveryNote(
  { release, deployer, enclave, images, files }: Release,
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

Files that check all others; compare them with sha256sum before you use them
${checkers.map(path => `  ${path.padEnd(26)}  ${files[`${places.bundle(release)}${path}`]?.sha256 ?? 'not in this bundle'}`).join('\n')}

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
