import { X509Certificate } from 'node:crypto'
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { createBusRoot } from '@trivault/bus'
import { type AnchorAccess, firstAnchorItem, firstAnchorRow } from '@trivault/node-core'

export const host = 'dynamodb.eu-central-1.amazonaws.com'
const DAY_MS = 86_400_000

export type Wire = Record<string, unknown>
export interface Reply {
  status: number
  body: string
}
/** What a hostile service does with an answer: another one, raw bytes, byte by byte, or nothing. The request was carried out. */
export type Answering = (operation: string, honest: Reply, count: number) => Reply | Uint8Array | Drops | 'silence'
interface Drops {
  drops: Uint8Array
}

export interface StandIn {
  access: AnchorAccess
  openPipe: () => Socket
  port: number
  /** By record: items as they stand on the wire. */
  items: Map<string, Wire>
  /** Authorised requests in order. */
  requests: { operation: string; body: string; headers: Record<string, string> }[]
  /** Bytes of requests that came through TLS, whoever the client thinks the server is. */
  received: number
  connections: number
  answering: Answering | undefined
  /** Ends all connections. */
  hangUp(): void
  close(): Promise<void>
}

export interface Identity {
  cert: string
  key: string
  authority: Uint8Array
}

/** A certificate for `name` by a new authority, valid from `now` on for a year. */
export async function identity(name = host, now = Date.now()): Promise<Identity> {
  const { root } = await createBusRoot({ now: Date.now() - 10 * 365 * DAY_MS, days: 20 * 365, exportable: false })
  return { ...(await root.issue({ dns: [name] }, now)), authority: new Uint8Array(new X509Certificate(root.cert).raw) }
}

/** A table over TLS with the first row of a node: GetItem and PutItem with the two conditions, nothing else. */
export async function startStandIn(options: { key: Uint8Array; identity?: Identity }): Promise<StandIn> {
  const own = options.identity ?? (await identity())
  const items = new Map<string, Wire>([['votes', wireOf(firstAnchorItem(firstAnchorRow(options.key)))]])
  const server = createTlsServer({ cert: own.cert, key: own.key, noDelay: true })
  const sockets = new Set<Socket>()
  const port = await listen(server)
  const standIn: StandIn = {
    access: {
      ...{ region: 'eu-central-1', host, table: 'anchor', authority: own.authority },
      ...{ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    },
    openPipe: () => connect({ port, host: '127.0.0.1', noDelay: true }),
    ...{ port, items, requests: [], received: 0, connections: 0, answering: undefined },
    hangUp() {
      for (const socket of sockets) socket.end()
    },
    close: () => stop(server, sockets),
  }
  server.on('connection', (socket: Socket) => {
    standIn.connections += 1
    keep(sockets, socket)
  })
  server.on('secureConnection', socket => serve(socket, standIn))
  server.on('tlsClientError', () => undefined)
  return standIn
}

function serve(socket: TLSSocket, standIn: StandIn): void {
  let waiting = Buffer.alloc(0)
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    standIn.received += chunk.length
    waiting = Buffer.concat([waiting, chunk])
    for (;;) {
      const end = waiting.indexOf('\r\n\r\n')
      if (end < 0) return
      const [line = '', ...fields] = waiting.subarray(0, end).toString('latin1').split('\r\n')
      const headers = Object.fromEntries(
        fields.map(field => {
          const [name = '', ...value] = field.split(': ')
          return [name.toLowerCase(), value.join(': ')]
        }),
      )
      const length = Number(headers['content-length'])
      if (waiting.length < end + 4 + length) return
      const body = waiting.subarray(end + 4, end + 4 + length).toString()
      waiting = waiting.subarray(end + 4 + length)
      const operation = headers['x-amz-target']?.split('.')[1] ?? ''
      standIn.requests.push({ operation, body, headers })
      const honest = line === 'POST / HTTP/1.1' ? carryOut(standIn.items, operation, body) : error('UnknownOperation')
      const reply = standIn.answering?.(operation, honest, standIn.requests.length) ?? honest
      if (reply === 'silence') continue
      if ('drops' in reply) {
        void drip(socket, reply.drops)
        continue
      }
      socket.write(reply instanceof Uint8Array ? reply : http(reply))
    }
  })
}

async function drip(socket: TLSSocket, content: Uint8Array): Promise<void> {
  for (const byte of content) {
    if (socket.destroyed) return
    socket.write(Uint8Array.of(byte))
    await sleep(20)
  }
}

function carryOut(items: Map<string, Wire>, operation: string, text: string): Reply {
  const body = JSON.parse(text)
  if (body.TableName !== 'anchor') return error('ResourceNotFoundException')
  if (operation === 'GetItem') {
    if (body.ConsistentRead !== true) return error('ValidationException')
    const item = items.get(body.Key.record.S)
    return { status: 200, body: JSON.stringify(item === undefined ? {} : { Item: item }) }
  }
  if (operation !== 'PutItem') return error('UnknownOperationException')
  const record: string = body.Item.record.S
  const there = items.get(record)
  const isMet =
    body.ConditionExpression === 'attribute_not_exists(#record)'
      ? there === undefined
      : body.ConditionExpression === '#version = :version' &&
        (there?.version as { N?: string } | undefined)?.N === body.ExpressionAttributeValues[':version'].N
  if (!isMet) return error('ConditionalCheckFailedException')
  items.set(record, body.Item)
  return { status: 200, body: '{}' }
}

export const error = (name: string, message = 'words of the service'): Reply => ({
  status: 400,
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message }),
})

export const http = ({ status, body }: Reply): Buffer =>
  Buffer.from(
    `HTTP/1.1 ${status} x\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )

/** An item of an SDK as it stands on the wire. */
export const wireOf = (item: ReturnType<typeof firstAnchorItem>): Wire => ({
  ...item,
  row: { B: Buffer.from(item.row.B).toString('base64') },
})

/** What a hostile host does with the bytes of one direction: other bytes, or the end of the connection after them. */
export type Tamper = (chunk: Buffer, offset: number, connection: number) => Buffer | { last: Buffer } | 'hold'

export interface Middle {
  openPipe: () => Socket
  up: Tamper | undefined
  down: Tamper | undefined
  connections: number
  /** Says to the service what was held of a connection, which is open there until then. */
  release(connection: number, held: readonly Buffer[]): void
  close(): Promise<void>
}

/** A host between core and service: forwards, unless told otherwise. */
export async function startMiddle(target: number): Promise<Middle> {
  const sockets = new Set<Socket>()
  const services = new Map<number, Socket>()
  const holding = new Set<number>()
  const server = createTcpServer(near => {
    middle.connections += 1
    const { connections } = middle
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true })
    for (const socket of [near, far]) keep(sockets, socket)
    services.set(connections, far)
    const forward = (from: Socket, to: Socket, way: 'up' | 'down') => {
      let offset = 0
      from.on('data', (chunk: Buffer) => {
        const out = middle[way]?.(chunk, offset, connections) ?? chunk
        offset += chunk.length
        if (out === 'hold') return void holding.add(connections)
        if (Buffer.isBuffer(out)) to.write(out)
        else to.write(out.last, () => [near, far].map(socket => socket.destroy()))
      })
      from.on('close', () => holding.has(connections) || to.destroy())
    }
    forward(near, far, 'up')
    forward(far, near, 'down')
  })
  const port = await listen(server)
  const middle: Middle = {
    openPipe: () => connect({ port, host: '127.0.0.1', noDelay: true }),
    ...{ up: undefined, down: undefined, connections: 0 },
    release: (connection, held) => services.get(connection)?.write(Buffer.concat(held)),
    close: () => stop(server, sockets),
  }
  return middle
}

function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket)
  socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function stop(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy()
  await new Promise(resolve => server.close(resolve))
}
