import { type Command, encodeCommand } from '@trivault/protocol'
import { approveTwice, executeTooEarly, forgeApproval, forgeSignature, raiseTheDead } from './attacks.ts'
import { carryOut, retire } from './between.ts'
import type { Known } from './books.ts'
import { administrationWish, type Kind } from './changes-wished.ts'
import { type Effects, effectsOf, type Seen, type Signing } from './effects.ts'
import { isHarmless, mutateExecution, mutateIntent } from './mutations.ts'
import { must } from './violation.ts'
import { signingWish, unsignedOf } from './wishes.ts'
import type { World } from './world.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const nothing = { type: 'execute', part: 0, variant: 0, transaction: new Uint8Array() } as const
const startOf = (intent: Seen): Command => ({
  type: 'start',
  operationId: intent.OperationID,
  intent: utf8(JSON.stringify(intent)),
})

/** A few changed copies of an intent, before or after the original: with its approvals they must be worth nothing. */
async function mutatedStarts(world: World, intent: Seen): Promise<void> {
  const { random, oracle } = world
  for (let i = random.int(4); i > 0; i--) {
    const id = world.nextId()
    const { name, bytes } = mutateIntent(random, { ...intent, Timestamp: world.now }, id)
    const command: Command = { type: 'start', operationId: id, intent: bytes }
    if (!(await world.attack(name, [encodeCommand(command)]))) continue
    const known = oracle.open.get(id)
    if (known === undefined) continue
    const replayed = world.approvals.at(-1)
    if (replayed !== undefined)
      await world.attack(
        'approve: of the original',
        [encodeCommand({ type: 'approve', ...replayed, operationId: id })],
        { never: true },
      )
    await executeTooEarly(world, known, new Uint8Array())
    await world.offer([encodeCommand({ type: 'cancel', operationId: id, by: '' })])
  }
}

/** Approvals by honest devices until nothing is missing; false when there are not enough people. */
async function approved(world: World, known: Known, used: Uint8Array[], transaction: Uint8Array): Promise<boolean> {
  const { random, oracle } = world
  for (;;) {
    const missing = oracle.missing(known)
    if (missing === undefined) return true
    if (random.next() < 0.5) await executeTooEarly(world, known, transaction)
    if (random.next() < 0.6) await forgeApproval(world, known)
    const [human] = world.helpers(known)
    if (human === undefined || oracle.needs(known.intent) === undefined) return false
    const command = world.approve(human, known)
    used.push(encodeCommand(command))
    await world.expect(`approval of ${known.id} by ${human.id}`, command)
    if (random.next() < 0.3) await approveTwice(world, known)
  }
}

/** One change of the vault that the owners want, and everything that can be tried around it. */
export async function administration(world: World, only?: Kind): Promise<void> {
  const { oracle } = world
  const intent = administrationWish(world, only)
  if (intent === undefined) return
  const used: Uint8Array[] = [encodeCommand(startOf(intent))]
  await world.expect(`start of ${intent.OperationType}`, startOf(intent))
  await mutatedStarts(world, intent)
  const known = oracle.open.get(intent.OperationID)
  if (known === undefined) return
  if (!(await approved(world, known, used, new Uint8Array()))) return cancel(world, known)
  const user = String(intent.UserID)
  const old = oracle.users.get(user)?.key
  await carryOut(world, known)
  used.push(encodeCommand({ ...nothing, operationId: known.id }))
  if (old !== undefined && oracle.users.get(user)?.key !== old) retire(world, user)
  await raiseTheDead(world, known, used)
  oracle.compare(world.log.state)
}

async function cancel(world: World, known: Known): Promise<void> {
  await world.expect('cancel', { type: 'cancel', operationId: known.id, by: '' })
}

/** The life of one transfer or message, from the wish to its signature, under attack at every step. */
export async function signing(world: World, key: string): Promise<void> {
  const { random, oracle } = world
  const intent = signingWish(world, key)
  if (random.next() < 0.5) await mutatedStarts(world, intent)
  const used: Uint8Array[] = [encodeCommand(startOf({ ...intent, Timestamp: intent.Timestamp }))]
  await world.expect(`start of ${JSON.stringify(intent)}`, startOf(intent))
  await mutatedStarts(world, intent)
  const known = oracle.open.get(intent.OperationID)
  if (known === undefined) return
  const effects = effectsOf(intent, oracle.tokens)
  const nonces = effects.parts.map(part => part.nonce ?? world.nonceOf(intent.Source.Address + intent.CAIP19))
  const honest = (part: number, changes: Record<string, unknown> = {}) =>
    intent.RawTransaction === undefined
      ? unsignedOf(intent, effects, part, { nonce: nonces[part], ...changes })
      : Buffer.from(intent.RawTransaction.slice(2), 'hex')
  // Rules change while people look at it: tightening acts at once, loosening does not help it.
  if (random.next() < 0.25) await administration(world, 'restriction')
  if (known.phase !== 'pending') return
  if (!(await approved(world, known, used, honest(0)))) return cancel(world, known)
  // Approved is not executed yet: rules, keys and groups may change in between.
  if (random.next() < 0.25) {
    await administration(world, random.pick(['restriction', 'key', 'group', 'settings', 'policy', 'rates']))
    if (known.phase !== 'pending') return
    await executeTooEarly(world, known, honest(0))
    if (!(await approved(world, known, used, honest(0)))) return cancel(world, known)
  }
  await attackExecution(world, known, effects, nonces[0] ?? 0, honest(0))
  if (known.phase === 'pending' && !(await withinLimits(world, known, honest(0)))) return cancel(world, known)
  const parts = Math.max(1, effects.parts.length)
  for (let part = 0; part < parts; part++) {
    // A harmless attack may have taken the nonce for another part.
    const taken = [...known.executions.values()].map(({ slot }) => Number(slot.split('/').at(-1)))
    while (effects.parts[part]?.nonce === undefined && taken.includes(nonces[part] ?? 0))
      nonces[part] = world.nonceOf(intent.Source.Address + intent.CAIP19)
    const execute: Command = { type: 'execute', operationId: known.id, part, variant: 0, transaction: honest(part) }
    if (!known.executions.has(`${part}/0`)) {
      used.push(encodeCommand(execute))
      await world.expect(`execution of ${JSON.stringify(intent)}`, execute)
    }
    if (random.next() < 0.3) await otherVariant(world, known, part, honest)
    if (random.next() < 0.5) await attackExecution(world, known, effects, nonces[part] ?? 0, honest(part))
    await forgeSignature(world, known, part)
    for (const [name, spent] of [...known.executions])
      if (!spent.signed && name.startsWith(`${part}/`)) used.push(await signed(world, known, name))
  }
  must(!oracle.open.has(known.id), `${known.id} is signed in all parts and still open`)
  await raiseTheDead(world, known, used)
}

/** Whether velocity limits surely let this through; if they never may, the wallet tries. */
async function withinLimits(world: World, known: Known, transaction: Uint8Array): Promise<boolean> {
  const execute = encodeCommand({ ...nothing, operationId: known.id, transaction })
  const fit = world.oracle.velocity(known.intent as Signing, world.time + 50)
  if (fit === 'never') await world.attack('execute: beyond a velocity limit', [execute], { never: true })
  return fit === 'surely'
}

/** Wrong transactions for an approved operation. A harmless one may be certified: lower fees, another free nonce. */
async function attackExecution(
  world: World,
  known: Known,
  effects: Effects,
  nonce: number,
  other: Uint8Array,
): Promise<void> {
  const { random, oracle } = world
  const intent = known.intent as Signing
  for (let i = random.int(4); i > 0; i--) {
    if (known.phase === 'ended') return
    const foreign = random.next() < 0.5 ? Buffer.concat([other, other]) : Uint8Array.of(2, 0xc0)
    const mutant = mutateExecution(random, intent, effects, nonce, foreign)
    const { part, variant, bytes } = mutant
    if (part > 255) continue
    const never =
      !isHarmless(intent, effects, mutant) || (variant !== 0 && !known.executions.has(`${part}/${variant - 1}`))
    const command: Command = { type: 'execute', operationId: known.id, part, variant, transaction: bytes }
    await world.attack(mutant.name, [encodeCommand(command)], { never: never && oracle.missing(known) === undefined })
  }
}

/** A fee bump keeps the slot; one that takes another nonce would pay twice. */
async function otherVariant(
  world: World,
  known: Known,
  part: number,
  honest: (part: number, changes?: Record<string, unknown>) => Uint8Array,
): Promise<void> {
  const variant = [...known.executions.keys()].filter(key => key.startsWith(`${part}/`)).length
  const of = (changes: Record<string, unknown>): Uint8Array =>
    encodeCommand({ type: 'execute', operationId: known.id, part, variant, transaction: honest(part, changes) })
  const intent = known.intent as Signing
  const first = known.executions.get(`${part}/0`)?.slot.split('/').at(-1)
  if (intent.OperationType === 'generic signing' || intent.RawTransaction !== undefined) return
  await world.attack('variant: another nonce', [of({ nonce: Number(first) + 1 })], { never: true })
  await world.attack('variant: above the cap', [of({ nonce: Number(first), maxFeePerGas: 3_000_000_000n })], {
    never: true,
  })
  await world.attack('variant: the same slot', [of({ nonce: Number(first), maxFeePerGas: 1_900_000_000n })])
}

/** The signature of one execution: the nodes' own where they hold shares, taken into the log. */
async function signed(world: World, known: Known, name: string): Promise<Uint8Array> {
  const { oracle } = world
  const [part = 0, variant = 0] = name.split('/').map(Number)
  const spent = known.executions.get(name)
  const { Source } = known.intent as Signing
  if (spent === undefined) throw new RangeError(`nothing executed: ${name}`)
  const signature =
    Source.MasterKeyName === 'Paper'
      ? world.paperSignature(spent.digest, Source.Address)
      : await jointSignature(world, known, part, variant)
  if (Source.MasterKeyName !== 'Paper') oracle.checkSignature(spent.digest, signature, Source.Address)
  const command: Command = { type: 'signed', operationId: known.id, part, variant, signature }
  await world.expect(`signature of ${known.id}`, command)
  return encodeCommand(command)
}

/** What three nodes made together: all three must say the same. */
async function jointSignature(world: World, known: Known, part: number, variant: number): Promise<Uint8Array> {
  for (let tries = 0; tries < 6000; tries++) {
    const made = world.events.flatMap(({ node, event }) =>
      event.type === 'signed' && event.operationId === known.id && event.part === part && event.variant === variant
        ? [{ node, signature: event.signature }]
        : [],
    )
    if (new Set(made.map(({ node }) => node)).size === 3) {
      const [first] = made
      const hex = made.map(({ signature }) => Buffer.from(signature).toString('hex'))
      must(first !== undefined && new Set(hex).size === 1, `the nodes release different signatures for ${known.id}`)
      world.realSignatures++
      world.forget(known.id, part, variant)
      return first.signature
    }
    await world.pause()
  }
  throw new Error(`no signature for ${known.id}`)
}
