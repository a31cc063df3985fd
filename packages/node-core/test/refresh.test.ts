import { ed25519 } from '@noble/curves/ed25519.js'
import { solanaAddressBytes } from '@trivault/chains'
import { toHex, utf8 } from '@trivault/codec'
import { deriveEd25519PublicKey } from '@trivault/mpc'
import { sha256 } from '@trivault/protocol'
import { startCommand } from '@trivault/testkit'
import { activeMasterKeyOf, addressOf, curveKeyOf, pathOf } from '@trivault/vault-state'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Cluster, type Snapshot, sealedVault, wait } from './cluster.ts'

let sealed: Snapshot
let cluster: Cluster
const solana = 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp'
const text = 'hello on the other curve'

beforeAll(async () => {
  sealed = await sealedVault(undefined, cluster => cluster.submit({ type: 'registerChain', by: '', caip2: solana }))
})
afterEach(() => cluster.close())

const start = async () => {
  cluster = await Cluster.start({ from: sealed })
  await cluster.connected()
}
const source = () => addressOf(cluster.state, 'Default', 'treasury', 501, 0)
/** Starts and approves a message for the Ed25519 key. */
const prepareOnSolana = async (id: string): Promise<void> => {
  const { masterKey, account, index, address } = source()
  const fields = {
    ...{ ChainName: 'Solana', CAIP19: `${solana}/slip44:501`, Asset: 'SOL', TestNetwork: false, DataToSign: text },
    Source: { MasterKeyName: masterKey, AccountName: account, AddressIndex: index, Address: address },
    ...{ TypeOfSigning: 'personal_sign' as const, Function: { Name: 'personal sign' } },
  }
  const metadata = { id, initiator: 'alice@example.com', timestamp: new Date(Date.now()).toISOString() }
  await cluster.submit(startCommand(cluster.vault.intent('generic signing', fields, metadata)))
  await cluster.submit(cluster.vault.approval(id, cluster.vault.person('alice')))
}
const signOnBoth = async (suffix: string): Promise<void> => {
  const [ecdsa, eddsa] = [`ecdsa-${suffix}`, `eddsa-${suffix}`]
  await cluster.prepare(ecdsa)
  await prepareOnSolana(eddsa)
  for (const id of [ecdsa, eddsa]) await cluster.execute(id)
  // The fold verifies each against its address.
  for (const id of [ecdsa, eddsa]) await cluster.signed(id)
  const [signature] = cluster.signatures(eddsa)
  const key = solanaAddressBytes(source().address)
  expect(ed25519.verify(signature?.signature ?? new Uint8Array(), utf8(text), key, { zip215: false })).toBe(true)
}
/** Transcripts of the shares in a node's database, sorted. */
const sharesOf = (node: number): string[] =>
  [...(cluster.records[node]?.tables.get('share')?.keys() ?? [])].map(name => name.split('/')[1] ?? '').sort()
const activeTranscripts = (): string[] =>
  activeMasterKeyOf(cluster.state, 'Default')
    .keys.map(({ transcriptHash }) => toHex(transcriptHash))
    .sort()

describe('the second curve', () => {
  it('signs the message that each node decoded itself, under the derived key', async () => {
    await start()
    await signOnBoth('first')
    const { publicKey, chainCode } = curveKeyOf(activeMasterKeyOf(cluster.state, 'Default'), 'EdDSA_Ed25519')
    // The fold derives apart from the engine.
    const derived = deriveEd25519PublicKey(publicKey, chainCode, pathOf(cluster.state, source()))
    expect(derived.publicKey).toEqual(source().publicKey)
  })
})

describe('a refresh', () => {
  it('replaces the shares of both curves; the same addresses sign on, the old shares are gone', async () => {
    await start()
    const before = activeTranscripts()
    const { address } = source()
    await cluster.refresh('refresh')
    await cluster.until(
      () => [0, 1, 2].every(node => sharesOf(node).length === 4),
      'pending shares beside the old ones',
    )
    await signOnBoth('meanwhile')
    await cluster.activate('Default', 1)
    expect(cluster.state.operations.get('refresh')?.phase).toBe('succeeded')
    await cluster.until(
      () => [0, 1, 2].every(node => sharesOf(node).join() === activeTranscripts().join()),
      'only the new shares are left',
    )
    expect(before.filter(transcript => activeTranscripts().includes(transcript))).toEqual([])
    expect(source().address).toBe(address)
    await signOnBoth('after')
    for (const curve of ['ECDSA_SECP256K1', 'EdDSA_Ed25519'] as const)
      expect(await cluster.query(2, { type: 'backups', masterKey: 'Default', curve })).toMatchObject({
        type: 'backups',
      })
  })

  it('ends though a node is killed after it has sealed its new share', async () => {
    await start()
    let kills = 0
    cluster.onPut = (node, table, done) => {
      if (node !== 1 || table !== 'share' || !done || kills++ > 0) return
      cluster.kill(1)
      setTimeout(() => void cluster.boot(1), 100)
    }
    await cluster.refresh('refresh')
    await cluster.activate('Default', 1)
    expect(kills).toBeGreaterThan(0)
    await cluster.connected()
    await signOnBoth('after')
  })

  it('moves what is not signed yet to the new shares', async () => {
    await start()
    await cluster.prepare('late')
    await cluster.refresh('refresh')
    // From now on no signing frame arrives, until the epoch has changed.
    let isCut = true
    cluster.tamper = (_node, _to, message) =>
      isCut && message.type === 'frame' && message.frame[0] === 3 ? undefined : message
    await cluster.execute('late')
    await cluster.activate('Default', 1)
    isCut = false
    await cluster.signed('late', [0, 1, 2], 40_000)
  })

  it('is not undone by a node whose log is behind its shares: nothing is erased before it has caught up', async () => {
    await start()
    const log = new Map(cluster.records[1]?.tables.get('entry'))
    await cluster.refresh('refresh')
    await cluster.activate('Default', 1)
    const isNew = (node: number) => sharesOf(node).join() === activeTranscripts().join()
    await cluster.until(() => [0, 1, 2].every(isNew), 'only the new shares are left')
    cluster.kill(1)
    cluster.records[1]?.tables.set('entry', log)
    // Nobody tells it what it lacks for a while.
    cluster.hub.disconnect('node1')
    await cluster.boot(1)
    expect(cluster.node(1).status().phase).toBe('behind')
    await wait(500)
    expect(isNew(1)).toBe(true)
    cluster.hub.connect('node1')
    await cluster.connected()
    await signOnBoth('after')
  })

  it('makes one backup of a share, though entries come in while it is stored', async () => {
    await start()
    const records = cluster.records[1]
    if (records === undefined) throw new Error('no records')
    const { put } = records
    let storing = false
    records.put = async rows => {
      if (rows.some(({ table, key }) => table === 'backup' && key.endsWith('/1'))) {
        storing = true
        await wait(2000)
      }
      return put(rows)
    }
    const made = new Map<string, Set<string>>()
    cluster.tamper = (node, _to, message) => {
      if (node !== 1 || message.type !== 'backup') return message
      const transcript = toHex(message.transcriptHash)
      made.set(transcript, (made.get(transcript) ?? new Set()).add(toHex(sha256(message.blob))))
      return message
    }
    await cluster.refresh('refresh')
    await cluster.until(() => storing, 'a backup of the own share')
    for (let i = 0; i < 3; i++) {
      await cluster.submit({ type: 'createGroup', by: 'alice@example.com', name: `group ${i}` })
      await wait(50)
    }
    await cluster.activate('Default', 1)
    expect([...made.values()].map(({ size }) => size)).toEqual([1, 1])
  })

  it('that is given up leaves nothing behind, and the next one makes shares of its own', async () => {
    let days = 0
    const now = Date.now
    vi.spyOn(Date, 'now').mockImplementation(() => now() + days * 24 * 3600 * 1000)
    await start()
    const told: string[] = []
    cluster.tamper = (_node, _to, message) => (message.type === 'backup' ? undefined : message)
    await cluster.refresh('first')
    const isPending = (node: number) => sharesOf(node).length > 2
    await cluster.until(() => [0, 1, 2].every(isPending), 'pending shares')
    for (const node of [0, 1, 2]) told.push(...sharesOf(node).filter(name => !activeTranscripts().includes(name)))
    days = 8
    await cluster.submit({ type: 'createGroup', by: 'alice@example.com', name: 'later' })
    expect(cluster.state.operations.get('first')?.failure?.code).toBe('expired')
    await cluster.until(() => ![0, 1, 2].some(isPending), 'they are erased')
    cluster.tamper = (_node, _to, message) => message
    await cluster.refresh('second')
    await cluster.activate('Default', 1)
    expect(activeTranscripts().filter(transcript => told.includes(transcript))).toEqual([])
    await signOnBoth('after')
  })
})
