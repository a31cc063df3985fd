import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { openAdminTable } from '../../src/table/admin-table.ts'
import { TableClient, type TableClientOptions } from '../../src/table/client.ts'
import { type Identity, type Middle, type StandIn, startMiddle, startStandIn } from './stand-in.ts'

export const key = new Uint8Array(32).fill(7)
export const random = (length: number) => new Uint8Array(randomBytes(length))
export const record = (text: string) => new TextEncoder().encode(text)
export const row = (version: number, text: string) => ({ version, record: record(text) })

export interface World {
  table: StandIn
  middle: Middle
  /** A process of the node: its own client, through the host between it and the service. */
  open(options?: Partial<TableClientOptions> & { key?: Uint8Array }): ReturnType<typeof openAdminTable>
  /** Past that host. */
  direct(): ReturnType<typeof openAdminTable>
  close(): Promise<void>
}

export async function startWorld(identity?: Identity): Promise<World> {
  const table = await startStandIn({ key, ...(identity && { identity }) })
  const middle = await startMiddle(table.port)
  const clients: TableClient[] = []
  const open = (pipe: () => Duplex, options: Partial<TableClientOptions> & { key?: Uint8Array } = {}) => {
    const { key: own = key, ...rest } = options
    const timing = { attempt: 1_500, patience: 6_000 }
    const client = new TableClient({ access: table.access, openPipe: pipe, clock: Date.now, ...timing, ...rest })
    clients.push(client)
    return openAdminTable({ client, key: own, random })
  }
  return {
    table,
    middle,
    open: options => open(middle.openPipe, options),
    direct: () => open(table.openPipe),
    async close() {
      for (const client of clients) client.close()
      await middle.close()
      await table.close()
    },
  }
}
