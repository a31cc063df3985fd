import type { RequestListener } from 'node:http'
import { AttestationError, type AttestationErrorCode, type AttestationPort, type KmsPort } from '@trivault/attestation'
import { CodecError, fromBase64, type Json, json, parseJson, toBase64 } from '@trivault/codec'

const TRY_MS = 15_000
const ANSWER_MS = 5_000
const RETRY_MS = 200
const MAX_BODY = 256 * 1024

const base64: Json<Uint8Array> = (() => {
  const digits = json.string({ max: 128 * 1024 })
  return { read: value => fromBase64(digits.read(value)), write: value => digits.write(toBase64(value)) }
})()
const word = json.string({ max: 1024 })

/** As AWS KMS names them: Decrypt with Recipient. */
const decryptRequest = json.object({
  KeyId: word,
  CiphertextBlob: base64,
  EncryptionContext: json.map(word, word, 16),
  Recipient: json.object({ KeyEncryptionAlgorithm: json.oneOf(['RSAES_OAEP_SHA_256']), AttestationDocument: base64 }),
})
const decryptAnswer = json.object({ CiphertextForRecipient: base64 })
/** `module`: whose measurement the document shall carry. */
const attestRequest = json.object({ module: word }, { publicKey: base64, userData: base64, nonce: base64 })
const attestAnswer = json.object({ document: base64 })
const refusal = json.object({ code: word, message: word })

/** A software KMS over HTTP. Rejects with AttestationError: what the KMS refused with, or `unavailable` after 15 s of trying. */
export function httpKms({ url, keyId }: { url: string; keyId: string }): KmsPort {
  return {
    async decrypt({ ciphertext, encryptionContext, recipient }) {
      const body = decryptRequest.write({
        KeyId: keyId,
        CiphertextBlob: ciphertext,
        EncryptionContext: new Map(Object.entries(encryptionContext)),
        Recipient: { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument: recipient },
      })
      return (await ask('KMS', url, body, decryptAnswer)).CiphertextForRecipient
    },
  }
}

/** A software attestation authority over HTTP; the document carries the measurement of `module`. Rejects like `httpKms`. */
export function httpAttestation({ url, module }: { url: string; module: string }): AttestationPort {
  return {
    attest: async request =>
      (await ask('attestation authority', url, attestRequest.write({ module, ...request }), attestAnswer)).document,
  }
}

export interface SoftwareServices {
  kms: KmsPort
  /** The port for a module's measurement, or undefined for a module that is not known. */
  attestation: (module: string) => AttestationPort | undefined
}

/** The other side of `httpKms` and `httpAttestation`: POST /kms and /attestation. For local vaults and tests. */
export function softwareServices(services: SoftwareServices): RequestListener {
  const respond = async (path: string | undefined, body: string): Promise<string> => {
    if (path === '/kms') {
      const { CiphertextBlob, EncryptionContext, Recipient } = read(decryptRequest, body)
      const request = { ciphertext: CiphertextBlob, encryptionContext: Object.fromEntries(EncryptionContext) }
      const recipient = Recipient.AttestationDocument
      return decryptAnswer.write({ CiphertextForRecipient: await services.kms.decrypt({ ...request, recipient }) })
    }
    if (path === '/attestation') {
      const { module, ...request } = read(attestRequest, body)
      const port = services.attestation(module)
      if (port === undefined) throw new AttestationError('bad-request', 'no such module')
      return attestAnswer.write({ document: await port.attest(request) })
    }
    throw new AttestationError('bad-request', 'there are /kms and /attestation')
  }
  return (request, response) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= MAX_BODY) chunks.push(chunk)
    })
    request.on('end', () => {
      const answer = (status: number, body: string) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(body)
      if (request.method !== 'POST' || size > MAX_BODY) {
        answer(400, refusal.write({ code: 'bad-request', message: 'POST of at most 256 KiB' }))
        return
      }
      respond(request.url, Buffer.concat(chunks).toString('utf8')).then(
        body => answer(200, body),
        (error: unknown) => {
          const known = error instanceof AttestationError
          const { code, message } = known ? error : { code: 'unavailable', message: 'internal error' }
          answer(known ? 400 : 500, refusal.write({ code, message }))
        },
      )
    })
  }
}

function read<T>(schema: Json<T>, text: string): T {
  try {
    return schema.read(parseJson(text))
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    throw new AttestationError('bad-request', cause.message, { cause })
  }
}

/** Repeats a request while the service is away or out of order; a refusal is final. */
async function ask<T>(service: string, url: string, body: string, schema: Json<T>): Promise<T> {
  const deadline = performance.now() + TRY_MS
  for (;;) {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(ANSWER_MS),
        redirect: 'error',
      })
      const text = await response.text()
      if (response.status === 200) return read(schema, text)
      if (response.status < 500) {
        const { code, message } = read(refusal, text)
        throw new AttestationError(code as AttestationErrorCode, `the ${service} refused: ${message}`)
      }
    } catch (error) {
      if (error instanceof AttestationError) throw error
    }
    if (performance.now() > deadline)
      throw new AttestationError('unavailable', `the ${service} at ${new URL(url).host} does not answer`)
    await new Promise(resolve => setTimeout(resolve, RETRY_MS))
  }
}
