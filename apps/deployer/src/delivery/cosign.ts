import { assemble, digestOf, type Image } from './oci.ts'
import { untrusted } from './refusals.ts'
import type { Digest } from './release.ts'
import type { SigningKey, TrustedKey } from './signing.ts'

// Formats of cosign: the simple signing payload, stored under the tag sha256-<hex of the image>.sig of the image's repository
// (sigstore/cosign, specs/SIGNATURE_SPEC.md). `cosign verify --key` reads what is written here, and the other way round.

const payloadType = 'application/vnd.dev.cosign.simplesigning.v1+json'
export const signatureAnnotation = 'dev.cosignproject.cosign/signature'

export const signatureTag = (image: Digest) => `${image.replace(':', '-')}.sig`

export interface SignedImage {
  /** Host of the publisher's registry. */
  readonly registry: string
  readonly repository: string
  readonly digest: Digest
  /** Signed along, so that a tag cannot be moved to another signed image either. */
  readonly tag: string
}

/** The image that carries the signature. ECDSA is randomised: two signatures of one image differ. */
export function signImage({ registry, repository, digest, tag }: SignedImage, key: SigningKey): Image {
  const payload = new TextEncoder().encode(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': `${registry}/${repository}` },
        image: { 'docker-manifest-digest': digest },
        type: 'cosign container image signature',
      },
      optional: { tag },
    }),
  )
  const config = new TextEncoder().encode(
    JSON.stringify({
      architecture: '',
      os: '',
      config: {},
      rootfs: { type: 'layers', diff_ids: [digestOf(payload)] },
    }),
  )
  const signature = Buffer.from(key.sign(payload)).toString('base64')
  return assemble(config, [
    { mediaType: payloadType, blob: payload, annotations: { [signatureAnnotation]: signature } },
  ])
}

/** One signature as the registry has it: the layer's bytes and the annotation. */
export interface FoundSignature {
  readonly payload: Uint8Array
  readonly signature: string
}

/**
 * At least one signature must be the key's, over this digest, for this repository and this tag.
 * The registry is not compared, so that a mirror can serve the same images.
 * @throws DeployerError `untrusted`
 */
export function checkSignatures(expected: SignedImage, found: readonly FoundSignature[], key: TrustedKey): void {
  const { registry, repository, digest, tag } = expected
  const image = `${registry}/${repository}:${tag}`
  if (found.length === 0) throw untrusted(`${image} has no signature`)
  const ours = found.filter(({ payload, signature }) => key.verifies(payload, Buffer.from(signature, 'base64')))
  if (ours.length === 0) throw untrusted(`${image} is not signed by the key ${key.fingerprint}`)
  const claims = ours.map(({ payload }) => readPayload(payload))
  const exact = claims.filter(claim => claim?.digest === digest)
  if (exact.length === 0) throw untrusted(`${image}: the signature is of another image than ${digest}`)
  const here = exact.filter(claim => claim?.repository === repository)
  if (here.length === 0) throw untrusted(`${image}: the signature is of an image of another repository`)
  const tagged = here.find(claim => claim?.tag === tag)
  if (tagged === undefined)
    throw untrusted(
      `the tag ${tag} was moved: the image there is signed as ${here.map(claim => claim?.tag).join(', ')}`,
    )
}

const repositoryIn = (reference: string) => reference.slice(reference.indexOf('/') + 1)

function readPayload(bytes: Uint8Array): { digest: unknown; repository: string; tag: unknown } | undefined {
  const payload: unknown = JSON.parse(new TextDecoder().decode(bytes))
  const at = (value: unknown, ...path: string[]): unknown =>
    path.reduce<unknown>((o, key) => (typeof o === 'object' && o !== null ? Reflect.get(o, key) : undefined), value)
  const reference = at(payload, 'critical', 'identity', 'docker-reference')
  if (at(payload, 'critical', 'type') !== 'cosign container image signature' || typeof reference !== 'string')
    return undefined
  return {
    digest: at(payload, 'critical', 'image', 'docker-manifest-digest'),
    repository: repositoryIn(reference),
    tag: at(payload, 'optional', 'tag'),
  }
}
