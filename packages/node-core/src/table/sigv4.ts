import { createHash, createHmac } from 'node:crypto'

export interface Signer {
  accessKeyId: string
  secretAccessKey: string
  region: string
  service: string
}

/**
 * The `authorization` header of AWS Signature Version 4 for a POST to `/` without a query, which is all that the table needs.
 * `headers` are all that is signed, by lower-case name, with plain values; `x-amz-date` (yyyymmddThhmmssZ) is among them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function authorizationOf(
  { accessKeyId, secretAccessKey, region, service }: Signer,
  headers: Readonly<Record<string, string>> & { 'x-amz-date': string },
  body: Uint8Array,
): string {
  const time = headers['x-amz-date']
  const scope = [time.slice(0, 8), region, service, 'aws4_request']
  const names = Object.keys(headers).sort()
  const canonical = [
    ...['POST', '/', ''],
    ...names.map(name => `${name}:${headers[name]}`),
    ...['', names.join(';'), sha256(body)],
  ].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(canonical)].join('\n')
  const key = scope.reduce<string | Buffer>((from, part) => hmac(from, part), `AWS4${secretAccessKey}`)
  const signature = hmac(key, toSign).toString('hex')
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope.join('/')}, SignedHeaders=${names.join(';')}, Signature=${signature}`
}

/** `x-amz-date` of a time in milliseconds since 1970. */
export const amzDate = (time: number): string => `${new Date(time).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`

const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
