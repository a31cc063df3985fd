import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { AwsError } from '../errors.ts'

type Headers = Readonly<Record<string, string | undefined>>

const bad = (message: string) => new AwsError('BadDigest', message)

const digests: Readonly<Record<string, (body: Uint8Array) => string>> = {
  'x-amz-checksum-crc32': body => {
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32(body))
    return sum.toString('base64')
  },
  'x-amz-checksum-sha256': body => createHash('sha256').update(body).digest('base64'),
  'content-md5': body => createHash('md5').update(body).digest('base64'),
}

/** Takes the body of an S3 request out of `aws-chunked` and checks every checksum that came with it. @throws AwsError */
export function decodeBody(headers: Headers, raw: Uint8Array): Uint8Array {
  if (!(headers['content-encoding'] ?? '').split(',').includes('aws-chunked')) {
    checkSums(headers, raw)
    return raw
  }
  const { body, trailers } = unchunk(raw)
  if (headers['x-amz-decoded-content-length'] !== String(body.length)) throw bad('the decoded length is another')
  const promised = headers['x-amz-trailer']
  if (promised && trailers[promised] === undefined) throw bad(`the trailer ${promised} is missing`)
  checkSums({ ...headers, ...trailers }, body)
  return body
}

function checkSums(headers: Headers, body: Uint8Array): void {
  for (const [name, value] of Object.entries(headers)) {
    if (name !== 'content-md5' && !name.startsWith('x-amz-checksum-')) continue
    if (name === 'x-amz-checksum-mode' || name === 'x-amz-checksum-type') continue
    const digest = digests[name]
    if (!digest) throw bad(`the double does not know ${name}`)
    if (digest(body) !== value) throw bad(`${name} does not fit the body`)
  }
}

function unchunk(raw: Uint8Array): { readonly body: Uint8Array; readonly trailers: Record<string, string> } {
  const buffer = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  const chunks: Buffer[] = []
  let at = 0
  const line = (): string => {
    const end = buffer.indexOf('\r\n', at)
    if (end < 0) throw bad('aws-chunked: a line does not end')
    const text = buffer.toString('latin1', at, end)
    at = end + 2
    return text
  }
  for (;;) {
    const length = Number.parseInt(line(), 16)
    if (!Number.isSafeInteger(length) || at + length > buffer.length) throw bad('aws-chunked: a wrong length')
    if (length === 0) break
    chunks.push(buffer.subarray(at, at + length))
    at += length
    if (line() !== '') throw bad('aws-chunked: a chunk does not end')
  }
  const trailers: Record<string, string> = {}
  while (at < buffer.length) {
    const text = line()
    if (text === '') break
    const [name = '', value = ''] = text.split(/:(.*)/s)
    trailers[name.toLowerCase()] = value.trim()
  }
  return { body: new Uint8Array(Buffer.concat(chunks)), trailers }
}
