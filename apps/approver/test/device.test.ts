import { replay } from '@trivault/approval'
import type { Client } from '@trivault/client'
import { encodeJson, fromUtf8, toBase64, toHex } from '@trivault/codec'
import type { StoredEntry } from '@trivault/ledger'
import { genesisJson } from '@trivault/protocol'
import { TestVault, verdictsOf } from '@trivault/testkit'
import { deviceKeyId, operationOf } from '@trivault/vault-state'
import { beforeAll, describe, expect, it } from 'vitest'
import { Device } from '../src/device/device.ts'
import { makeKey } from '../src/device/key.ts'
import type { DeviceRecord, DeviceStore } from '../src/device/store.ts'

const to = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
let vault: TestVault
let entries: StoredEntry[]
let id: string
let verdicts: ReturnType<typeof verdictsOf>

beforeAll(async () => {
  vault = TestVault.founded()
  id = vault.start(vault.transferIntent([{ Address: to, Amount: '0.25' }], { initiator: 'alice@example.com' }))
  entries = await vault.certified()
  verdicts = verdictsOf(await replay(vault.genesis, entries), id)
})

const pins = (): string => fromUtf8(encodeJson(genesisJson, vault.genesis))

/** The store in memory; it answers and keeps a moment later, as a database does. */
class Memory implements DeviceStore {
  record: DeviceRecord | undefined
  kept: StoredEntry[] = []
  constructor(record: DeviceRecord) {
    this.record = record
  }
  readonly log = {
    putCertified: async (_seq: number, _hash: Uint8Array, stored: StoredEntry) => void this.kept.push(stored),
    range: async (from: number, limit: number) => this.kept.slice(from - 1, from - 1 + limit),
  }
  async read(): Promise<DeviceRecord | undefined> {
    await moment()
    return this.record
  }
  async write(record: DeviceRecord): Promise<void> {
    await moment()
    this.record = record
  }
  async flush(): Promise<void> {}
  async clearLog(): Promise<void> {
    this.kept = []
  }
  async erase(): Promise<void> {
    this.record = undefined
  }
}

const moment = (ms = 1): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** A wallet that has the log, and keeps what it is asked for. */
function wallet(): { client: Client; asked: string[] } {
  const asked: string[] = []
  const answers: Record<string, (options: { query?: { from?: number } }) => unknown> = {
    trivaultLogEntries: ({ query }) => ({
      Entries: entries
        .slice((query?.from ?? 1) - 1)
        .map(({ entry, certificate }) => ({ Entry: toBase64(entry), Certificate: toBase64(certificate) })),
      Head: { Seq: entries.length },
    }),
    trivaultOperationVerdicts: () => verdicts,
    cwpapproveOperation: () => ({}),
  }
  const call = async (name: string, options: object = {}): Promise<unknown> => {
    asked.push(name)
    return answers[name]?.(options)
  }
  const start = async (): Promise<string> => {
    await moment(30)
    return 'op-pairing'
  }
  return { client: { call, start } as unknown as Client, asked }
}

describe('the device', () => {
  it('signs only what was on the screen, to the last byte of its hash', async () => {
    const { publicKey } = vault.person('alice')
    // Its signatures are another key's: what the nodes would say of them is not what is asked here.
    const key = { ...(await makeKey()), publicKey: toBase64(publicKey), keyId: deviceKeyId(publicKey) }
    const { client, asked } = wallet()
    const device = new Device(new Memory({ pins: pins(), key: { ...key, userId: 'alice@example.com' } }), client)
    const shown = toHex(operationOf(vault.state, id).intentHash)
    for (const other of [
      '',
      shown.slice(0, 2),
      shown.slice(0, -2),
      `${shown}00`,
      `${shown.slice(0, -2)}${shown.endsWith('00') ? '01' : '00'}`,
    ])
      await expect(device.approve(id, other)).rejects.toMatchObject({ code: 'changed' })
    expect(asked).not.toContain('cwpapproveOperation')
    await device.approve(id, shown)
    expect(asked).toContain('cwpapproveOperation')
  })

  it('loses neither its key nor the head that it has seen when both are kept at one time', async () => {
    const store = new Memory({ pins: pins() })
    const device = new Device(store, wallet().client)
    await Promise.all([device.overview(), device.makeKey('alice@example.com')])
    expect(store.record).toMatchObject({ seen: { seq: entries.length }, key: { userId: 'alice@example.com' } })
  })

  it('forgets no head while the wallet takes its time to start the pairing', async () => {
    const store = new Memory({ pins: pins(), key: { ...(await makeKey()), userId: 'alice@example.com' } })
    const device = new Device(store, wallet().client)
    await Promise.all([device.startPairing(), device.overview()])
    expect(store.record).toMatchObject({ seen: { seq: entries.length }, key: { operationId: 'op-pairing' } })
  })
})
