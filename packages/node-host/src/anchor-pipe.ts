import { connect as connectTcp, type Socket } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import { LinkError } from '@trivault/node-core'

/** The core keeps one connection; another may be ending while the next one begins. */
const MAX_PIPES = 4

export type Connect = () => Socket

/** Connects to where the anchor's table is served; what goes through is encrypted by the core. */
export const connectTo =
  ({ host, port }: { host: string; port: number }): Connect =>
  () =>
    connectTcp({ host, port, noDelay: true })

/** Joins the core's pipe with a new connection; where there is none the pipe ends with the reason. */
export function joinAnchor(pipe: Duplex, open: number, connect: Connect | undefined): void {
  if (connect === undefined) refuse(pipe, 'the configuration of this host names a directory, not the host of a table')
  else if (open > MAX_PIPES) refuse(pipe, 'too many connections to the anchor')
  else {
    const socket = connect()
    socket.on('error', (error: NodeJS.ErrnoException) => refuse(pipe, `the host cannot reach it: ${error.code}`))
    pipeline(pipe, socket, pipe, () => socket.destroy())
  }
}

function refuse(pipe: Duplex, why: string): void {
  pipe.destroy(new LinkError('refused', why))
}
