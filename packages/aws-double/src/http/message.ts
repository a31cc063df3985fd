import type { IncomingMessage } from 'node:http'
import { AwsError } from '../errors.ts'

export type Headers = Readonly<Record<string, string | undefined>>
export type Request = {
  readonly method: string
  /** As it came, still percent-encoded. */
  readonly path: string
  readonly query: string
  readonly headers: Headers
  readonly body: Uint8Array
}
export type Response = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

const maxBody = 512 * 1024 * 1024

export async function readRequest(message: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBody) throw new AwsError('RequestEntityTooLarge', 'the body is too large', 413)
    chunks.push(chunk)
  }
  const [path = '/', query = ''] = (message.url ?? '/').split(/\?(.*)/s)
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  )
  return { method: message.method ?? 'GET', path, query, headers, body: new Uint8Array(Buffer.concat(chunks)) }
}
