import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { AttestationError, type Pcrs, type SoftwareAttestation, type SoftwareKms } from '@trivault/attestation'
import { CodecError, fromBase64, toBase64 } from '@trivault/codec'

/**
 * The software KMS and attestation authority over HTTP.
 *
 * - `POST /kms`: Decrypt with the fields of AWS KMS, `{KeyId, CiphertextBlob, EncryptionContext, Recipient:
 *   {KeyEncryptionAlgorithm, AttestationDocument}}` → `{KeyId, CiphertextForRecipient}`.
 * - `POST /attestation/<holder>`: `{PublicKey?, UserData?, Nonce?}` → `{Document}`, measured as the holder of that key.
 * - Errors: 400 or 500 `{__type, message}`; `__type` is the code of an AttestationError, or `internal`.
 *
 * Bytes are base64. Nobody is authenticated: who may ask is decided by who can read the sealed secret's file (0600), since
 * encryption is not served. Serve it on the loopback address only.
 */
export function createSoftwareKmsHandler(options: {
  readonly kms: SoftwareKms
  readonly attestation: SoftwareAttestation
  /** What the authority measures for the holder of a key. */
  readonly pcrsOf: (keyId: string) => Pcrs | undefined
  /** Told about each request: its kind and how it ended, `ok` or an error code. */
  readonly onRequest?: (kind: 'decrypt' | 'attest' | 'unknown', outcome: string) => void
}): RequestListener {
  const { onRequest = () => {} } = options
  return (request, response) => {
    const { kind, run } = routeOf(options, request)
    respond(request, response, run).then(
      outcome => onRequest(kind, outcome),
      () => response.destroy(),
    )
  }
}

type Json = Readonly<Record<string, unknown>>
type Run = (body: Json) => Promise<Json>

const maxBody = 65_536
const attestationPath = '/attestation/'

function routeOf(
  { kms, attestation, pcrsOf }: Parameters<typeof createSoftwareKmsHandler>[0],
  { method, url = '' }: IncomingMessage,
): { kind: 'decrypt' | 'attest' | 'unknown'; run: Run } {
  if (method === 'POST' && url === '/kms') return { kind: 'decrypt', run: body => decrypt(kms, body) }
  const pcrs = url.startsWith(attestationPath) ? pcrsOf(url.slice(attestationPath.length)) : undefined
  if (method === 'POST' && pcrs) return { kind: 'attest', run: body => attest(attestation, pcrs, body) }
  return {
    kind: 'unknown',
    run: async () => {
      throw refusal('POST to /kms or to /attestation/<key id>')
    },
  }
}

async function decrypt(kms: SoftwareKms, body: Json): Promise<Json> {
  const { KeyId, EncryptionContext, Recipient } = body
  if (!isRecord(Recipient) || Recipient.KeyEncryptionAlgorithm !== 'RSAES_OAEP_SHA_256') {
    throw refusal('Recipient must hold an attestation document and KeyEncryptionAlgorithm RSAES_OAEP_SHA_256')
  }
  const ciphertext = bytesOf(body, 'CiphertextBlob')
  const recipient = bytesOf(Recipient, 'AttestationDocument')
  if (!ciphertext || !recipient) throw refusal('CiphertextBlob and Recipient.AttestationDocument are needed')
  if (KeyId !== undefined && KeyId !== kms.keyIdOf(ciphertext)) {
    throw new AttestationError('bad-ciphertext', 'the ciphertext was made by another key')
  }
  const answer = await kms.decrypt({ ciphertext, encryptionContext: contextOf(EncryptionContext), recipient })
  return { KeyId: kms.keyIdOf(ciphertext), CiphertextForRecipient: toBase64(answer) }
}

async function attest(attestation: SoftwareAttestation, pcrs: Pcrs, body: Json): Promise<Json> {
  const publicKey = bytesOf(body, 'PublicKey')
  const userData = bytesOf(body, 'UserData')
  const nonce = bytesOf(body, 'Nonce')
  const document = await attestation.attest({
    pcrs,
    ...(publicKey && { publicKey }),
    ...(userData && { userData }),
    ...(nonce && { nonce }),
  })
  return { Document: toBase64(document) }
}

const refusal = (message: string): AttestationError => new AttestationError('bad-request', message)
const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function bytesOf(body: Json, name: string): Uint8Array | undefined {
  const value = body[name]
  if (value === undefined || value === null) return undefined
  try {
    if (typeof value === 'string') return fromBase64(value)
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
  }
  throw refusal(`${name} must be base64`)
}

function contextOf(value: unknown): Record<string, string> {
  if (value === undefined) return {}
  if (!isRecord(value)) throw refusal('EncryptionContext must be an object of texts')
  const pairs = Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  if (pairs.length !== Object.keys(value).length) throw refusal('EncryptionContext must be an object of texts')
  return Object.fromEntries(pairs)
}

/** @returns `ok` or the error's code. */
async function respond(request: IncomingMessage, response: ServerResponse, run: Run): Promise<string> {
  const answer = (status: number, body: Json) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  try {
    answer(200, await run(await readJson(request)))
    return 'ok'
  } catch (error) {
    const known = error instanceof AttestationError
    const code = known ? error.code : 'internal'
    answer(known ? 400 : 500, { __type: code, message: known ? error.message : 'an internal error' })
    return code
  }
}

async function readJson(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > maxBody) throw refusal(`the body is larger than ${maxBody} bytes`)
    chunks.push(chunk)
  }
  let body: unknown
  try {
    body = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw refusal('the body is not JSON')
  }
  if (!isRecord(body)) throw refusal('the body is not an object')
  return body
}
