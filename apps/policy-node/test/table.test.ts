import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { toHex } from '@trivault/codec'
import { firstAnchorItem, firstAnchorRow, firstSecret } from '@trivault/node-core'
import { giveOrder, openAdminKey } from '@trivault/node-host'
import { genesisJson } from '@trivault/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { error, identity, type StandIn, startStandIn, wireOf } from '../../../packages/node-core/test/table/stand-in.ts'
import { freePort, type Surroundings, startSurroundings } from './support.ts'

const random = (length: number) => new Uint8Array(randomBytes(length))
let world: Surroundings
let table: StandIn
let config: object

beforeAll(async () => {
  world = await startSurroundings()
  const certificate = await identity()
  const { adminKey: keyFile } = world.provisioning(2)
  const { adminKey } = await openAdminKey(keyFile)
  const encrypt = world.services.encryptFor('node2')
  const made = { index: 2, deploymentId: 'test', adminKey, random, encrypt }
  table = await startStandIn({ key: new Uint8Array(32), identity: certificate })
  const secret = await firstSecret({ ...made, anchor: table.access })
  table.items.set('votes', wireOf(firstAnchorItem(firstAnchorRow(secret.anchorKey))))
  writeFileSync(world.at('table-secret'), secret.sealed)
  const { identityKeys } = world.genesis
  const genesis = { ...world.genesis, identityKeys: [...identityKeys.slice(0, 2), secret.identityKey] }
  const [pins, statements] = [world.at('table-pins.json'), world.at('table-statements.json')]
  writeFileSync(pins, genesisJson.write(genesis))
  await giveOrder({ index: 2, pins, statements, adminKey: keyFile }, { type: 'pins' })
  const anchor = { host: '127.0.0.1', port: table.port }
  config = { ...(await world.configOf(2)), secret: world.at('table-secret'), pins, statements, anchor }
  expect(toHex(secret.identityKey)).not.toBe(world.cards[2]?.identityKey)
})
afterAll(async () => {
  await table?.close()
  await world?.stop()
})

const start = async () => world.start({ ...config, metrics: { host: '127.0.0.1', port: await freePort() } })
const phase = (host: Awaited<ReturnType<typeof start>>) =>
  host.until(line => line.part === 'core' && line.phase !== undefined).then(line => line.phase)
const version = () => (table.items.get('votes')?.version as { N: string } | undefined)?.N
const kill = async (host: Awaited<ReturnType<typeof start>>) => {
  host.child.kill('SIGKILL')
  await host.exited
}

it('a node whose secret names a table waits for it, votes by it on any host, and takes no other row', async () => {
  table.answering = () => error('AccessDeniedException')
  const first = await start()
  expect(await first.until(line => line.msg === 'waiting for the anchor')).toMatchObject({
    reason: expect.stringContaining('AccessDeniedException'),
  })
  table.answering = undefined
  await first.ready()
  expect(await phase(first)).toBe('voting')
  expect(version()).toBe('1')
  await kill(first)

  const second = await start()
  await second.ready()
  expect(await phase(second)).toBe('voting')
  expect(version()).toBe('1')
  await kill(second)

  table.items.set('votes', wireOf(firstAnchorItem(firstAnchorRow(new Uint8Array(32)))))
  const third = await start()
  expect(await third.until(line => line.level === 'fatal')).toMatchObject({
    msg: expect.stringMatching(/votes of the anchor is damaged or belongs to another node/),
  })
  expect(await third.exited).toMatchObject({ code: 1 })
})
