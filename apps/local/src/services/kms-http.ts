import type { IncomingMessage, ServerResponse } from 'node:http'
import { AttestationError } from '@trivault/attestation'
import { fromBase64, toBase64 } from '@trivault/codec'
import type { LocalKms } from './kms-store.ts'

const MAX_BODY = 64 * 1024

/**
 * The KMS and the attestation authority over HTTP. `POST /kms` takes and gives what AWS KMS's JSON protocol does for
 * Decrypt with a recipient; `POST /attestation/<key id>` takes {publicKey, userData, nonce} and gives {document}. Bytes are
 * base64. Refusals are 400 {__type, message}, where __type is the AttestationError's code.
 */
export function kmsHandler(local: LocalKms, onRequest: (kind: 'kms' | 'attestation', ok: boolean) => void) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const kind = request.url === '/kms' ? 'kms' : 'attestation'
    try {
      const keyId = /^\/attestation\/([a-z0-9-]{1,64})$/.exec(request.url ?? '')?.[1]
      if (request.method !== 'POST' || (kind === 'attestation' && keyId === undefined)) return answer(response, 404, {})
      const body = await readJson(request)
      answer(response, 200, kind === 'kms' ? await decrypt(local, body) : await attest(local, keyId ?? '', body))
      onRequest(kind, true)
    } catch (error) {
      onRequest(kind, false)
      if (!(error instanceof AttestationError)) throw error
      answer(response, 400, { __type: error.code, message: error.message })
    }
  }
}

async function decrypt({ kms }: LocalKms, body: Record<string, unknown>): Promise<object> {
  const { EncryptionContext: context = {}, Recipient: recipient, KeyId: keyId } = body
  if (!isRecord(context) || !isRecord(recipient)) throw bad('EncryptionContext and Recipient must be objects')
  if (recipient.KeyEncryptionAlgorithm !== 'RSAES_OAEP_SHA_256')
    throw bad('KeyEncryptionAlgorithm must be RSAES_OAEP_SHA_256')
  const encryptionContext = Object.fromEntries(
    Object.entries(context).map(([name, value]) => {
      if (typeof value !== 'string') throw bad('EncryptionContext holds strings')
      return [name, value]
    }),
  )
  const ciphertext = required(body, 'CiphertextBlob')
  const madeBy = kms.keyIdOf(ciphertext)
  if (keyId !== undefined && keyId !== madeBy)
    throw new AttestationError('unknown-key', 'another key made this ciphertext')
  const answer = await kms.decrypt({
    ciphertext,
    encryptionContext,
    recipient: required(recipient, 'AttestationDocument'),
  })
  return { KeyId: madeBy, CiphertextForRecipient: toBase64(answer), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }
}

async function attest(
  { attestation, pcrsOf }: LocalKms,
  keyId: string,
  body: Record<string, unknown>,
): Promise<object> {
  const pcrs = pcrsOf(keyId)
  if (!pcrs) throw new AttestationError('unknown-key', 'there is no node of this name')
  const optional = (name: string) => (body[name] === undefined ? {} : { [name]: required(body, name) })
  const document = await attestation.attest({
    pcrs,
    ...optional('publicKey'),
    ...optional('userData'),
    ...optional('nonce'),
  })
  return { document: toBase64(document) }
}

function required(body: Record<string, unknown>, name: string): Uint8Array {
  const text = body[name]
  if (typeof text !== 'string') throw bad(`${name} must be base64`)
  try {
    return fromBase64(text)
  } catch (cause) {
    throw new AttestationError('bad-request', `${name} must be base64`, { cause })
  }
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_BODY) throw bad(`at most ${MAX_BODY} bytes`)
    chunks.push(chunk)
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString())
    if (isRecord(body)) return body
  } catch {
    // Told below.
  }
  throw bad('a JSON object expected')
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

const bad = (message: string) => new AttestationError('bad-request', message)
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
