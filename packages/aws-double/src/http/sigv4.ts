import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { AwsError } from '../errors.ts'

export type SignedRequest = {
  readonly method: string
  /** As it came, still percent-encoded. */
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

/** What a request claims about who signed it for what. */
export type Claim = {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

const refused = (code: string, message: string) => new AwsError(code, message, 403)
const maxSkewMs = 5 * 60_000
const mustBeSigned = ['host', 'x-amz-date']

/** Parses the Authorization header (AWS Signature Version 4). @throws AwsError */
export function parseClaim(header: string | undefined): Claim {
  if (!header) throw refused('MissingAuthenticationToken', 'the request is not signed')
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      header,
    )
  if (!match) throw refused('IncompleteSignature', 'the Authorization header is not that of AWS4-HMAC-SHA256')
  const [, accessKeyId = '', date = '', region = '', service = '', signed = '', signature = ''] = match
  return { accessKeyId, date, region, service, signedHeaders: signed.split(';'), signature }
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Uint8Array, data: string): Buffer => createHmac('sha256', key).update(data).digest()

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter(Boolean)
    .map(pair => {
      const [name = '', value = ''] = pair.split(/=(.*)/s)
      return [encode(decodeURIComponent(name)), encode(decodeURIComponent(value))] as const
    })
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** S3 signs the path as it is sent, all others encode it once more. */
const canonicalPath = (path: string, service: string): string =>
  service === 's3' ? path : path.split('/').map(encode).join('/')

/**
 * Verifies the signature, the time and the body's hash.
 * @throws AwsError `SignatureDoesNotMatch`, `RequestTimeTooSkewed`, `IncompleteSignature`, `XAmzContentSHA256Mismatch`
 */
export function verifySignature(request: SignedRequest, claim: Claim, secretKey: string, now: number): void {
  for (const name of mustBeSigned) {
    if (!claim.signedHeaders.includes(name)) throw refused('IncompleteSignature', `header ${name} is not signed`)
  }
  const unsigned = Object.keys(request.headers).find(n => n.startsWith('x-amz-') && !claim.signedHeaders.includes(n))
  if (unsigned) throw refused('IncompleteSignature', `header ${unsigned} is not signed`)
  const time = request.headers['x-amz-date'] ?? ''
  checkTime(time, claim, now)

  const bodyHash = checkBody(request, claim.service)
  const headers = claim.signedHeaders
    .map(name => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`)
    .join('')
  const canonical = [
    request.method,
    canonicalPath(request.path, claim.service),
    canonicalQuery(request.query),
    headers,
    claim.signedHeaders.join(';'),
    bodyHash,
  ].join('\n')
  const scope = `${claim.date}/${claim.region}/${claim.service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const parts = [claim.date, claim.region, claim.service, 'aws4_request']
  const key = parts.reduce<string | Uint8Array>((derived, part) => hmac(derived, part), `AWS4${secretKey}`)
  const expected = hmac(key, toSign)
  if (!timingSafeEqual(expected, Buffer.from(claim.signature, 'hex'))) {
    throw refused('SignatureDoesNotMatch', 'the signature does not fit the request and the secret access key')
  }
}

function checkTime(time: string, claim: Claim, now: number): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time)
  if (!match || !time.startsWith(claim.date)) throw refused('IncompleteSignature', 'x-amz-date is malformed')
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  if (Math.abs(Date.UTC(year, month - 1, day, hour, minute, second) - now) > maxSkewMs) {
    throw refused('RequestTimeTooSkewed', 'the time of the request is more than 5 minutes away')
  }
}

function checkBody({ headers, body }: SignedRequest, service: string): string {
  const claimed = headers['x-amz-content-sha256']
  if (service === 's3' && claimed === undefined) throw refused('IncompleteSignature', 'x-amz-content-sha256 is missing')
  if (service === 's3' && (claimed === 'UNSIGNED-PAYLOAD' || claimed === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER')) {
    return claimed
  }
  const actual = sha256(body)
  if (claimed !== undefined && claimed !== actual) {
    throw new AwsError('XAmzContentSHA256Mismatch', 'the body is not the one that was signed')
  }
  return actual
}
