import { type Command, encodeCommand } from '@trivault/protocol'
import { Person } from '@trivault/testkit'
import type { Known } from './books.ts'
import { effectsOf, type Seen, type Signing } from './effects.ts'
import { signingWish, unsignedOf } from './wishes.ts'
import type { World } from './world.ts'

const startOf = (intent: Seen): Command => ({
  type: 'start',
  operationId: intent.OperationID,
  intent: new TextEncoder().encode(JSON.stringify(intent)),
})

/** A change that the owners want, from start to execution; false where the rules of now leave nobody who could. */
export async function enact(world: World, intent: Seen): Promise<boolean> {
  await world.expect(`start of ${JSON.stringify(intent)}`, startOf(intent))
  const known = world.oracle.open.get(intent.OperationID)
  if (known === undefined) return false
  if (!(await approvable(world, known))) {
    await world.expect('cancel', { type: 'cancel', operationId: known.id, by: '' })
    return false
  }
  await carryOut(world, known)
  return true
}

/**
 * What was approved is pending, and then something changes: a rule is added, or removed, a device is replaced, a member leaves. What
 * sufficed before must not be enough any more, and what did not suffice must not be enough now.
 */
export async function changeBetween(world: World): Promise<void> {
  const { random, oracle } = world
  const intent = signingWish(world, 'Paper')
  const effects = effectsOf(intent, oracle.tokens)
  const group = random.pick(['owner', 'traders', 'risk'])
  const rule = {
    RestrictionID: `between-${world.generated}`,
    Approvers: [{ Groups: [group], RequiredApprovers: group === 'owner' ? 2 : 1 }],
  }
  const change = (fields: Record<string, unknown>) => ({
    ...world.wishBase('update transaction restriction', initiatorOf(world)),
    ...fields,
  })
  const add = () => enact(world, change({ Add: rule }))
  const remove = () => enact(world, change({ Delete: { RestrictionID: rule.RestrictionID } }))
  const start = async (): Promise<Known | undefined> => {
    await world.expect('start', startOf({ ...intent, Timestamp: world.now } as Signing))
    return oracle.open.get(intent.OperationID)
  }
  const execute = (): Uint8Array =>
    encodeCommand({
      ...{ type: 'execute', operationId: intent.OperationID, part: 0, variant: 0 },
      transaction:
        intent.RawTransaction === undefined
          ? unsignedOf(intent, effects, 0)
          : Buffer.from(intent.RawTransaction.slice(2), 'hex'),
    })
  const refused = async (name: string, known: Known): Promise<void> => {
    if (oracle.missing(known) === undefined || oracle.missing(known) === 'a restriction blocks it') return
    await world.attack(`between: ${name}`, [execute()], { never: true })
  }
  const kind = random.pick(['tightened', 'loosened', 'device', 'member', 'reset user', 'delete user'] as const)
  if (kind === 'tightened') {
    const known = await start()
    if (known !== undefined && (await approvable(world, known))) {
      await add()
      await refused('a rule was added', known)
      await remove()
    }
  } else if (kind === 'loosened') {
    await add()
    const known = await start()
    await remove()
    if (known !== undefined) {
      // Whoever suffices by the rules of now, and by them alone.
      for (const requirement of oracle.needs(intent) ?? []) {
        const user =
          'user' in requirement ? requirement.user : [...(oracle.groups.get(requirement.groups[0] ?? '') ?? [])][0]
        const human = world.helpers(known).find(({ id }) => id === user)
        if (human !== undefined) await world.expect('approval', world.approve(human, known))
      }
      await refused('a rule was removed', known)
    }
  } else {
    const known = await start()
    if (known !== undefined && (await approvable(world, known)) && known.approvals.size > 0) {
      const user = random.pick([...known.approvals.keys()])
      const human = world.humans.get(user)
      const isIn = ['traders', 'risk'].filter(name => oracle.groups.get(name)?.has(user))
      if (kind === 'device' && human !== undefined) await replaceDevice(world, human.id)
      else if (kind === 'reset user' || kind === 'delete user') await revoke(world, user, kind)
      else
        for (const Group of isIn)
          if (mayLeave(world, user))
            await enact(world, {
              ...world.wishBase('update group', initiatorOf(world)),
              Group,
              AddUsers: [],
              RemoveUsers: [user],
            })
      await refused(`${kind} meanwhile`, known)
    }
  }
  if (oracle.open.get(intent.OperationID)?.phase === 'pending')
    await world.expect('cancel', { type: 'cancel', operationId: intent.OperationID, by: '' })
}

/** Approves as far as there are people for it. */
export async function approvable(world: World, known: Known): Promise<boolean> {
  while (world.oracle.missing(known) !== undefined) {
    const [human] = world.helpers(known)
    if (human === undefined || world.oracle.needs(known.intent) === undefined) return false
    await world.expect(`approval by ${human.id}`, world.approve(human, known))
  }
  return true
}

/** The old device is in the evil wallet's hands from now on. */
async function replaceDevice(world: World, user: string): Promise<void> {
  const human = world.humans.get(user)
  const { oracle } = world
  const isLast = oracle.isEnclave && !oracle.isWeak(user) && oracle.ownersLeft(user) < oracle.quorum
  if (human === undefined || isLast) return
  const PublicKey = Buffer.from(new Person(user, human.device + 1).publicKey).toString('base64')
  if (await enact(world, { ...world.wishBase('set user public key', initiatorOf(world)), UserID: user, PublicKey }))
    retire(world, user)
}

/** Somebody whose key is gone, with or without the person: what the device says counts no more. */
async function revoke(world: World, user: string, type: 'reset user' | 'delete user'): Promise<void> {
  const { oracle } = world
  if (!mayLeave(world, user)) return
  const UserName = oracle.users.get(user)?.name
  if (await enact(world, { ...world.wishBase(type, initiatorOf(world, user)), UserID: user, UserName }))
    retire(world, user)
}

/** Without this person, owners and approvers of policy are still enough. */
export function mayLeave({ oracle }: World, user: string): boolean {
  const asked = [...oracle.restrictionsOf.policy.values()].flatMap(({ Approvers = [] }) =>
    Approvers.flatMap(({ Groups }) => Groups),
  )
  return oracle.ownersLeft(user) >= oracle.quorum && !asked.some(group => oracle.groups.get(group)?.has(user))
}

/** Executes an approved change; a loosening again, once its delay is over. */
export async function carryOut(world: World, known: Known): Promise<void> {
  const execute: Command = {
    ...{ type: 'execute', operationId: known.id, part: 0, variant: 0, transaction: new Uint8Array() },
  }
  await world.expect(`execution of ${JSON.stringify(known.intent)}`, execute)
  if (known.waits === undefined) return
  await world.attack('execute: before the delay is over', [encodeCommand(execute)], { never: true })
  // An entry is 50 ms later than the one before: the last moment at which it is too early.
  world.time = known.waits - 51
  await world.attack('execute: a moment before the delay is over', [encodeCommand(execute)], { never: true })
  await world.expect(`execution of ${known.intent.OperationType} after its delay`, execute)
}

/** Somebody who starts a change: with a key where no-self-approval asks for one. */
export function initiatorOf(world: World, but = ''): string {
  const { settings, users } = world.oracle
  const people = [...world.humans.keys()].filter(id => users.get(id)?.key !== undefined && id !== but)
  const honest = people.filter(id => id !== world.human('mallory').id)
  return settings.noSelfApproval || world.random.next() < 0.5 ? world.random.pick(honest) : ''
}

/** The device of somebody who was reset, deleted or has a new one: the evil wallet has it now. */
export function retire(world: World, user: string): void {
  const human = world.humans.get(user)
  if (human !== undefined) world.stolen.push(human.next())
}
