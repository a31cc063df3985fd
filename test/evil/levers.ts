import { type Command, encodeCommand } from '@trivault/protocol'
import { Person } from '@trivault/testkit'
import { approvable, enact, initiatorOf } from './between.ts'
import type { Known } from './books.ts'
import { effectsOf, type Signing } from './effects.ts'
import { signingWish, unsignedOf } from './wishes.ts'
import type { World } from './world.ts'

/** An operation that lacks nothing but its execution; undefined where the rules of now let nobody approve it. */
async function readyToSign(world: World): Promise<{ known: Known; command: Command; execute: Uint8Array } | undefined> {
  const { oracle } = world
  const intent = signingWish(world, 'Paper')
  await world.expect('start', startOf(intent))
  const known = oracle.open.get(intent.OperationID)
  if (known === undefined) return undefined
  const transaction =
    intent.RawTransaction === undefined
      ? unsignedOf(intent, effectsOf(intent, oracle.tokens), 0)
      : Buffer.from(intent.RawTransaction.slice(2), 'hex')
  const command: Command = { type: 'execute', operationId: known.id, part: 0, variant: 0, transaction }
  const execute = encodeCommand(command)
  if ((await approvable(world, known)) && oracle.velocity(intent, world.time + 1000) === 'surely')
    return { known, command, execute }
  await world.expect('cancel', { type: 'cancel', operationId: known.id, by: '' })
  return undefined
}

const startOf = (intent: Signing): Command => ({
  type: 'start',
  operationId: intent.OperationID,
  intent: new TextEncoder().encode(JSON.stringify(intent)),
})

/** One owner stops everything, and later one operation; the wallet goes on as if nobody had said anything. */
export async function freezeAndVeto(world: World): Promise<void> {
  const { random, oracle } = world
  const owners = [...(oracle.groups.get(oracle.ownerGroup) ?? [])].filter(id => oracle.users.get(id)?.key !== undefined)
  const { person } = world.humans.get(random.pick(owners)) ?? world.human('alice')
  const ready = await readyToSign(world)
  const nobodys = [world.human('mallory').person, new Person('eve@example.com'), ...world.stolen.slice(-2)]
  for (const one of nobodys) await refused(world, 'freeze: by no owner', world.hold(one))
  const freeze = world.hold(person)
  if (freeze.type !== 'hold') return
  await refused(world, 'freeze: of another vault', { ...freeze, vaultId: new Uint8Array(32) })
  await refused(world, 'freeze: another counter than the signed one', { ...freeze, counter: freeze.counter + 1 })
  await refused(world, 'freeze: a veto of nothing', { ...freeze, kind: 'veto' })
  await world.expect('freeze', freeze)
  await refused(world, 'freeze: once more', freeze)
  if (ready !== undefined) await world.attack('execute: while frozen', [ready.execute], { never: true })
  // Two approved thaws of one freeze: the second must not outlive it.
  const number = oracle.freezes
  const thaw = () => ({ ...world.wishBase('unfreeze', initiatorOf(world)), Freeze: number })
  const late = thaw()
  await world.expect('start of unfreeze', startOf(late as unknown as Signing))
  const kept = oracle.open.get(late.OperationID)
  if (kept !== undefined) await approvable(world, kept)
  if (ready !== undefined) await world.attack('execute: before the thaw', [ready.execute], { never: true })
  if (!(await enact(world, thaw()))) throw new Error('the owners cannot unfreeze')
  const again = world.hold(person)
  await world.expect('a second freeze', again)
  for (let i = 0; i < 2 && kept?.phase === 'pending'; i++) {
    await world.offer([
      encodeCommand({ type: 'execute', operationId: kept.id, part: 0, variant: 0, transaction: new Uint8Array() }),
    ])
    if (kept.waits !== undefined) world.time = Math.max(world.time, kept.waits)
  }
  if (ready !== undefined) await world.attack('execute: while frozen again', [ready.execute], { never: true })
  if (!(await enact(world, { ...thaw(), Freeze: oracle.freezes }))) throw new Error('the owners cannot unfreeze')
  if (ready === undefined || ready.known.phase !== 'pending' || oracle.missing(ready.known) !== undefined) return
  const isExecuted = random.next() < 0.5 && (await world.attack('execute: after the thaw', [ready.execute]))
  await refused(world, 'veto: by no owner', world.hold(world.human('mallory').person, ready.known.id))
  const veto = world.hold(person, ready.known.id)
  await world.expect(isExecuted ? 'veto before the signature' : 'veto', veto)
  await world.attack('execute: what was vetoed', [ready.execute], { never: true })
  await refused(world, 'veto: once more', veto)
  oracle.compare(world.log.state)
}

async function refused(world: World, name: string, command: Command): Promise<void> {
  await world.attack(name, [encodeCommand(command)], { never: true })
}

/** A group of another name is the same group: for what is pending, and for whoever takes the old name. */
export async function renameBetween(world: World): Promise<void> {
  const { oracle } = world
  const old = [...oracle.groups.keys()].find(name => name.startsWith('desk')) ?? 'desk'
  await world.expect('group', { type: 'createGroup', by: '', name: old })
  const change = (type: string, fields: object) => ({ ...world.wishBase(type, initiatorOf(world)), ...fields })
  const members = ['dave@example.com', 'erin@example.com'].filter(user => {
    return oracle.users.get(user)?.key !== undefined && oracle.groups.get(old)?.has(user) !== true
  })
  for (const user of members)
    await enact(world, change('update group', { Group: old, AddUsers: [user], RemoveUsers: [] }))
  const Approvers = [{ Groups: [old], RequiredApprovers: 1 }]
  const rule = { RestrictionID: `desk-${world.generated}`, Approvers }
  if (!(await enact(world, change('update transaction restriction', { Add: rule })))) return
  const ready = await readyToSign(world)
  const stale = { ...change('update group', { Group: old, AddUsers: ['mallory@example.com'], RemoveUsers: [] }) }
  const name = `desk ${world.generated}`
  const isRenamed = await enact(world, change('rename group', { OldName: old, NewName: name }))
  if (isRenamed) {
    await refused(world, 'rename: the old name', startOf({ ...stale, Timestamp: world.now } as unknown as Signing))
    // An empty group of the old name, for which nobody asks any more.
    await world.expect('group', { type: 'createGroup', by: '', name: old })
    oracle.compare(world.log.state)
  }
  if (ready !== undefined && ready.known.phase === 'pending' && oracle.missing(ready.known) === undefined)
    await world.expect('execution under the new name', ready.command)
  if (oracle.open.get(ready?.known.id ?? '')?.phase === 'pending')
    await world.expect('cancel', { type: 'cancel', operationId: ready?.known.id ?? '', by: '' })
  await enact(world, change('update transaction restriction', { Delete: { RestrictionID: rule.RestrictionID } }))
  oracle.compare(world.log.state)
}

/** Delays, a velocity limit and no self-approval, each switched on, tried and switched off again. */
export async function leversInTurn(world: World, work: () => Promise<void>): Promise<void> {
  // Anyone with a device may start them; who had one in an earlier turn may have been deleted since.
  const starter = () =>
    [...world.humans.keys()].find(
      id => world.oracle.users.get(id)?.key !== undefined && id !== world.human('mallory').id,
    ) ?? ''
  const change = (type: string, fields: object) => enact(world, { ...world.wishBase(type, starter()), ...fields })
  const Approvers = [{ Groups: ['owner'], RequiredApprovers: 1 }]
  const limit = (Limit: number) => ({
    ...{ RestrictionID: 'limit', Approvers },
    Velocity: { Limit, Currency: 'ETH', Per: 'vault', WindowSeconds: 86_400 },
  })
  await change('update settings', { LooseningDelaySeconds: 3600 })
  await change('update transaction restriction', { Add: limit(2) })
  for (let i = 0; i < 3; i++) await work()
  // A turn of `work` may have taken it away, or too few people were left to approve it.
  if (world.oracle.restrictions.has('limit'))
    await change('update transaction restriction', { Add: limit(4), Delete: { RestrictionID: 'limit' } })
  await change('update policy restriction', { Add: { RestrictionID: 'policy', Approvers } })
  await change('update settings', { NoSelfApproval: true })
  const nobodys = { ...world.wishBase('update settings', ''), PendingExpirySeconds: 86_400 }
  await world.expect('start that is blocked', startOf(nobodys as unknown as Signing))
  for (let i = 0; i < 3; i++) await work()
  await change('update settings', { LooseningDelaySeconds: 0, NoSelfApproval: false })
  if (world.oracle.restrictionsOf.policy.has('policy'))
    await change('update policy restriction', { Delete: { RestrictionID: 'policy' } })
  world.oracle.compare(world.log.state)
}
