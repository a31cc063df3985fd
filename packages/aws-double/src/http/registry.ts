import { createHash } from 'node:crypto'
import { authorize, type Call } from '../call.ts'
import { AwsError } from '../errors.ts'
import { repositoryArn } from '../services/ecr/access.ts'
import type { Repository } from '../services/ecr/store.ts'
import type { World } from '../world.ts'
import type { Request, Response } from './message.ts'

/** Which registry is asked: each account has one in each region. */
export type RegistryPlace = { readonly account: string; readonly region: string }
type Asked = { readonly call: Call; readonly request: Request; readonly repository: Repository; readonly rest: string }

/** An error of the OCI distribution API. */
class RegistryError extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const answer = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: string | Uint8Array = '',
): Response => ({
  status,
  headers: { 'docker-distribution-api-version': 'registry/2.0', ...headers },
  body,
})

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Basic sign-in with the password of a token from ecr:GetAuthorizationToken. */
function signIn(world: World, { headers }: Request, { region }: RegistryPlace): Call {
  const [, encoded = ''] = /^Basic (.+)$/.exec(headers.authorization ?? '') ?? []
  const [user, password = ''] = Buffer.from(encoded, 'base64').toString().split(/:(.*)/s)
  const token = user === 'AWS' ? world.ecr.tokens.get(password) : undefined
  const credential = world.credentials.get(token?.accessKeyId ?? '')
  const expired = (credential?.expires ?? Number.POSITIVE_INFINITY) <= world.clock()
  if (!token || !credential?.caller.exists() || token.expires <= world.clock() || expired || token.region !== region) {
    throw new RegistryError(401, 'UNAUTHORIZED', 'not authorized: sign in with a token of this region')
  }
  const { caller } = credential
  return { world, caller, account: token.account, region, via: undefined, decisions: [] }
}

/** The OCI distribution API of one registry, with ECR's permissions. */
export function createRegistry(world: World, place: RegistryPlace) {
  return async (request: Request): Promise<Response> => {
    try {
      const call = signIn(world, request, place)
      if (/^\/v2\/?$/.test(request.path)) return answer(200)
      const [, name = '', rest = ''] = /^\/v2\/(.+?)\/((?:manifests|blobs|tags)\/.*)$/.exec(request.path) ?? []
      const repository = world.ecr.repositories.get(repositoryArn(place.account, place.region, name))
      if (!repository) {
        authorize(call, {
          action: 'ecr:BatchGetImage',
          resource: repositoryArn(place.account, place.region, name),
          resourceAccount: place.account,
        })
        throw new RegistryError(404, 'NAME_UNKNOWN', `the repository ${name} does not exist in this registry`)
      }
      return route({ call, request, repository, rest })
    } catch (error) {
      return refusal(error)
    }
  }
}

function refusal(error: unknown): Response {
  const denied = error instanceof AwsError
  if (!denied && !(error instanceof RegistryError)) throw error
  const code = denied ? 'DENIED' : error.code
  const body = JSON.stringify({ errors: [{ code, message: error.message }] })
  const challenge: Record<string, string> =
    code === 'UNAUTHORIZED' ? { 'www-authenticate': 'Basic realm="AWS double"' } : {}
  return answer(denied ? 403 : error.status, { 'content-type': 'application/json', ...challenge }, body)
}

const may = ({ call, repository }: Asked, ...names: readonly string[]): void => {
  for (const name of names) {
    authorize(call, {
      action: `ecr:${name}`,
      resource: repository.arn,
      resourceAccount: repository.account,
      policy: repository.policy?.policy,
      resourceTags: repository.tags,
    })
  }
}

function route(asked: Asked): Response {
  const { request, rest } = asked
  const [kind, ...parts] = rest.split('/')
  const reference = parts.join('/')
  const get = request.method === 'GET' || request.method === 'HEAD'
  if (kind === 'manifests' && get) return getManifest(asked, reference)
  if (kind === 'manifests' && request.method === 'PUT') return putManifest(asked, reference)
  if (kind === 'tags' && get) return listTags(asked)
  if (kind === 'blobs' && parts[0] === 'uploads') return upload(asked, parts[1] ?? '')
  if (kind === 'blobs' && get) return getBlob(asked, reference)
  throw new RegistryError(405, 'UNSUPPORTED', `${request.method} ${request.path} is not supported`)
}

function listTags(asked: Asked): Response {
  may(asked, 'ListImages')
  const { name, imageTags } = asked.repository
  return answer(200, { 'content-type': 'application/json' }, JSON.stringify({ name, tags: [...imageTags.keys()] }))
}

function getManifest(asked: Asked, reference: string): Response {
  may(asked, 'BatchGetImage')
  const { manifests, imageTags } = asked.repository
  const found = manifests.get(reference.startsWith('sha256:') ? reference : (imageTags.get(reference) ?? ''))
  if (!found) throw new RegistryError(404, 'MANIFEST_UNKNOWN', `there is no image ${reference}`)
  return answer(200, { 'content-type': found.mediaType, 'docker-content-digest': found.digest }, found.bytes)
}

/** Digests that a manifest, or an index of manifests, names. */
function namedBy(bytes: Uint8Array): { readonly blobs: readonly string[]; readonly manifests: readonly string[] } {
  type Entry = { readonly digest?: string }
  try {
    const json = JSON.parse(new TextDecoder().decode(bytes)) as {
      config?: Entry
      layers?: Entry[]
      manifests?: Entry[]
    }
    const blobs = [...(json.config ? [json.config] : []), ...(json.layers ?? [])]
    return { blobs: blobs.map(e => e.digest ?? ''), manifests: (json.manifests ?? []).map(e => e.digest ?? '') }
  } catch {
    throw new RegistryError(400, 'MANIFEST_INVALID', 'the manifest is not JSON')
  }
}

function putManifest(asked: Asked, reference: string): Response {
  may(asked, 'PutImage')
  const { request, repository, call } = asked
  const digest = sha256(request.body)
  const byDigest = reference.startsWith('sha256:')
  if (byDigest && reference !== digest)
    throw new RegistryError(400, 'DIGEST_INVALID', 'the digest is that of another manifest')
  const { blobs, manifests } = namedBy(request.body)
  const absent =
    blobs.find(blob => !repository.blobs.has(blob)) ?? manifests.find(own => !repository.manifests.has(own))
  if (absent !== undefined) throw new RegistryError(400, 'MANIFEST_BLOB_UNKNOWN', `${absent} is not in the repository`)
  const known = byDigest ? undefined : repository.imageTags.get(reference)
  if (known !== undefined && known !== digest && repository.immutable) {
    throw new RegistryError(
      400,
      'TAG_INVALID',
      `the tag '${reference}' already exists and the repository's tags are immutable`,
    )
  }
  const mediaType = request.headers['content-type'] ?? 'application/vnd.oci.image.manifest.v1+json'
  const pushed = new Date(call.world.clock())
  if (!repository.manifests.has(digest))
    repository.manifests.set(digest, { digest, mediaType, bytes: request.body, pushed })
  if (!byDigest) repository.imageTags.set(reference, digest)
  return answer(201, { location: `/v2/${repository.name}/manifests/${digest}`, 'docker-content-digest': digest })
}

function getBlob(asked: Asked, digest: string): Response {
  may(asked, asked.request.method === 'HEAD' ? 'BatchCheckLayerAvailability' : 'GetDownloadUrlForLayer')
  const whole = asked.repository.blobs.get(digest)
  if (!whole) throw new RegistryError(404, 'BLOB_UNKNOWN', `there is no blob ${digest}`)
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
  }
  const [, from = '', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(asked.request.headers.range ?? '') ?? []
  if (from === '') return answer(200, { ...headers, 'content-length': String(whole.length) }, whole)
  const end = to === '' ? whole.length - 1 : Math.min(Number(to), whole.length - 1)
  if (Number(from) > end) throw new RegistryError(416, 'RANGE_INVALID', 'not satisfiable')
  const range = { 'content-range': `bytes ${from}-${end}/${whole.length}` }
  return answer(206, { ...headers, ...range }, whole.subarray(Number(from), end + 1))
}

function upload(asked: Asked, id: string): Response {
  const { request, repository, call } = asked
  const { uploads } = call.world.ecr
  const place = (uploadId: string, length: number) => ({
    location: `/v2/${repository.name}/blobs/uploads/${uploadId}`,
    'docker-upload-uuid': uploadId,
    range: `0-${Math.max(0, length - 1)}`,
  })
  if (request.method === 'POST' && id === '') {
    may(asked, 'InitiateLayerUpload')
    const uploadId = crypto.randomUUID()
    uploads.set(uploadId, { repository: repository.arn, data: new Uint8Array() })
    return answer(202, place(uploadId, 0))
  }
  const found = uploads.get(id)
  if (found?.repository !== repository.arn)
    throw new RegistryError(404, 'BLOB_UPLOAD_UNKNOWN', 'there is no such upload')
  if (request.method === 'GET') {
    may(asked, 'UploadLayerPart')
    return answer(204, place(id, found.data.length))
  }
  if (request.body.length > 0) {
    may(asked, 'UploadLayerPart')
    const [, start] = /^(\d+)-\d+$/.exec(request.headers['content-range'] ?? '') ?? []
    if (start !== undefined && Number(start) !== found.data.length) {
      throw new RegistryError(416, 'RANGE_INVALID', 'the part does not continue the upload')
    }
    found.data = new Uint8Array(Buffer.concat([found.data, request.body]))
  }
  if (request.method === 'PATCH') return answer(202, place(id, found.data.length))
  if (request.method !== 'PUT') throw new RegistryError(405, 'UNSUPPORTED', request.method)
  may(asked, 'CompleteLayerUpload')
  const digest = new URLSearchParams(request.query).get('digest') ?? ''
  if (sha256(found.data) !== digest) throw new RegistryError(400, 'DIGEST_INVALID', 'the digest is that of other bytes')
  uploads.delete(id)
  repository.blobs.set(digest, found.data)
  return answer(201, { location: `/v2/${repository.name}/blobs/${digest}`, 'docker-content-digest': digest })
}
