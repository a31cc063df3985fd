import { type Command, encodeCommand } from '@trivault/protocol'
import { effectsOf, type Seen, type Signing } from './effects.ts'
import type { Known } from './oracle.ts'
import { must } from './violation.ts'
import { signingWish, unsignedOf } from './wishes.ts'
import type { World } from './world.ts'

const startOf = (intent: Seen): Command => ({
  type: 'start',
  operationId: intent.OperationID,
  intent: new TextEncoder().encode(JSON.stringify(intent)),
})

/** Honest approvals until nothing is missing. */
async function approveAll(world: World, known: Known): Promise<void> {
  while (world.oracle.missing(known) !== undefined) {
    const [human] = world.helpers(known)
    must(human !== undefined, `nobody can approve ${JSON.stringify(known.intent)}`)
    await world.expect(`approval by ${human.id}`, world.approve(human, known))
  }
}

/** A change that the owners want, from start to execution. */
async function enact(world: World, intent: Seen): Promise<void> {
  await world.expect(`start of ${JSON.stringify(intent)}`, startOf(intent))
  const known = world.oracle.open.get(intent.OperationID)
  must(known !== undefined, `${intent.OperationID} is not open`)
  await approveAll(world, known)
  await world.expect(`execution of ${intent.OperationType}`, {
    ...{ type: 'execute', operationId: known.id, part: 0, variant: 0, transaction: new Uint8Array() },
  })
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
    ...world.wishBase('update transaction restriction', ''),
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
  const kind = random.pick(['tightened', 'loosened', 'device', 'member'])
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
    if (known !== undefined && (await approvable(world, known))) {
      const user = random.pick([...known.approvals.keys()])
      const human = world.humans.get(user)
      const isIn = ['traders', 'risk'].filter(name => oracle.groups.get(name)?.has(user))
      if (kind === 'device' && human !== undefined) await replaceDevice(world, human.id)
      else
        for (const Group of isIn)
          await enact(world, { ...world.wishBase('update group', ''), Group, AddUsers: [], RemoveUsers: [user] })
      await refused(kind === 'device' ? 'the device was replaced' : 'the member left', known)
    }
  }
  if (oracle.open.get(intent.OperationID)?.phase === 'pending')
    await world.expect('cancel', { type: 'cancel', operationId: intent.OperationID, by: '' })
}

/** Approves as far as there are people for it. */
async function approvable(world: World, known: Known): Promise<boolean> {
  while (world.oracle.missing(known) !== undefined) {
    const [human] = world.helpers(known)
    if (human === undefined || world.oracle.needs(known.intent) === undefined) return false
    await world.expect(`approval by ${human.id}`, world.approve(human, known))
  }
  return known.approvals.size > 0
}

/** The old device is in the evil wallet's hands from now on. */
async function replaceDevice(world: World, user: string): Promise<void> {
  const human = world.humans.get(user)
  if (human === undefined) return
  const next = world.deviceOf(human, human.device + 1)
  const PublicKey = Buffer.from(next.publicKey).toString('base64')
  await enact(world, { ...world.wishBase('set user public key', ''), UserID: user, PublicKey })
  world.stolen.push(human.person)
  human.device++
  human.person = next
}
