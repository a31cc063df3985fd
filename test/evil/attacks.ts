import { type Command, decodeCommand, encodeCommand } from '@trivault/protocol'
import { Person } from '@trivault/testkit'
import type { Known } from './books.ts'
import type { Seen, Signing } from './effects.ts'
import { flipped } from './mutations.ts'
import type { Human } from './people.ts'
import type { World } from './world.ts'

type Approval = Extract<Command, { type: 'approve' }>

/** Approvals that nobody gave: strangers, stolen devices, other people's and other operations' signatures. */
export async function forgeApproval(world: World, known: Known): Promise<void> {
  const { random, oracle } = world
  const victim = random.pick([...world.humans.values()].filter(({ id }) => oracle.users.get(id)?.key !== undefined))
  const helpers = world.helpers(known)
  const target = helpers[0] ?? victim
  const own = (changes: Partial<Approval>): Command => {
    const { person, id } = target
    return {
      type: 'approve',
      operationId: known.id,
      userId: id,
      keyId: person.keyId,
      signature: new Uint8Array(70),
      ...changes,
    }
  }
  const replayed = world.approvals.length > 0 ? random.pick(world.approvals) : undefined
  const stranger = new Person('eve@example.com', 1 + random.int(3))
  const mallory = world.human('mallory')
  const kinds: Record<string, () => Command> = {
    "a stranger's key": () => own({ keyId: stranger.keyId, signature: stranger.sign(known.bytes) }),
    "a stranger's signature": () => own({ signature: stranger.sign(known.bytes) }),
    "the insider's signature in another name": () => own({ signature: mallory.person.sign(known.bytes) }),
    "the insider's key in another name": () =>
      own({ keyId: mallory.person.keyId, signature: mallory.person.sign(known.bytes) }),
    'an approval of another operation': () =>
      own(replayed === undefined || replayed.operationId === known.id ? {} : { ...replayed, operationId: known.id }),
    'a signature over other bytes': () => own({ signature: target.person.sign(flipped(random, known.bytes)) }),
    'a signature with a flipped bit': () => own({ signature: flipped(random, target.person.sign(known.bytes)) }),
    'no signature': () => own({ signature: new Uint8Array(random.int(80)) }),
    'a stolen device': () => {
      const device = world.stolen.length > 0 ? random.pick(world.stolen) : stranger
      return own({ userId: device.id, keyId: device.keyId, signature: device.sign(known.bytes) })
    },
    'a stolen device under the new key': () => {
      const device = world.stolen.length > 0 ? random.pick(world.stolen) : stranger
      const keyId = world.humans.get(device.id)?.person.keyId ?? device.keyId
      return own({ userId: device.id, keyId, signature: device.sign(known.bytes) })
    },
    'for no operation': () => own({ operationId: 'nothing', signature: target.person.sign(known.bytes) }),
  }
  const name = random.pick(Object.keys(kinds))
  const command = kinds[name]?.()
  if (command !== undefined) await world.attack(`approve: ${name}`, [encodeCommand(command)], { never: true })
}

/** Somebody who already counts, once more: in capitals, or as a second signature of the same device. */
export async function approveTwice(world: World, known: Known): Promise<void> {
  const done = [...known.approvals.keys()].flatMap(user => world.humans.get(user) ?? [])
  const human = done.length === 0 ? undefined : world.random.pick(done)
  if (human === undefined || world.oracle.users.get(human.id)?.key?.id !== known.approvals.get(human.id)) return
  const { person, id } = human
  const userId = world.random.pick([id, id.toUpperCase(), `${id[0]?.toUpperCase()}${id.slice(1)}`])
  const again: Command = {
    type: 'approve',
    operationId: known.id,
    userId,
    keyId: person.keyId,
    signature: person.sign(known.bytes),
  }
  await world.attack('approve: twice', [encodeCommand(again)], { never: true })
}

/** Executes what lacks an approval: the nodes must say so, whatever the bytes are. */
export async function executeTooEarly(world: World, known: Known, transaction: Uint8Array): Promise<void> {
  const missing = world.oracle.missing(known)
  if (missing === undefined || missing === 'a restriction blocks it') return
  const command: Command = { type: 'execute', operationId: known.id, part: 0, variant: 0, transaction }
  await world.attack('execute: without an approval', [encodeCommand(command)], { never: true })
}

/** An operation that no honest person wants, pushed with everything the evil wallet has. */
export async function takeOver(world: World): Promise<void> {
  const { random, oracle } = world
  const evil = new Person('eve@example.com', world.generated)
  const owner = random.pick(['alice@example.com', 'bob@example.com'])
  const initiator = random.pick([owner, 'mallory@example.com', ''])
  const begin = (type: string) => world.wishBase(type, oracle.users.has(initiator) ? initiator : '')
  const rule = [...oracle.restrictions.keys()][0]
  const wishes: Seen[] = [
    { ...begin('set user public key'), UserID: owner, PublicKey: Buffer.from(evil.publicKey).toString('base64') },
    {
      ...begin('update group'),
      Group: random.pick(['owner', 'traders']),
      AddUsers: ['mallory@example.com'],
      RemoveUsers: [],
    },
    { ...begin('update group'), Group: 'owner', AddUsers: [], RemoveUsers: [owner] },
    { ...begin('register user'), UserID: random.pick([owner, owner.toUpperCase()]), UserName: 'Alice' },
    ...(rule === undefined ? [] : [{ ...begin('update transaction restriction'), Delete: { RestrictionID: rule } }]),
    {
      ...begin('update transaction restriction'),
      Add: {
        RestrictionID: `evil-${world.generated}`,
        Approvers: [{ Groups: ['owner'], RequiredApprovers: 1 }],
        TransactionFunction: { Only: ['raw digest'] },
      },
    },
  ]
  const intent = random.pick([...wishes, ...otherPower(world, begin, owner)])
  const bytes = new TextEncoder().encode(JSON.stringify(intent))
  const isDuplicate = intent.OperationType === 'register user' && oracle.users.has(String(intent.UserID).toLowerCase())
  const start: Command = { type: 'start', operationId: intent.OperationID, intent: bytes }
  const isIn = await world.attack(`take over: ${intent.OperationType}`, [encodeCommand(start)], { never: isDuplicate })
  const known = oracle.open.get(intent.OperationID)
  if (!isIn || known === undefined) return
  for (let i = 0; i < 2; i++) await forgeApproval(world, known)
  const execute: Command = {
    type: 'execute',
    operationId: known.id,
    part: 0,
    variant: 0,
    transaction: new Uint8Array(),
  }
  // Owners one short of the quorum: one of them was persuaded. The insider approves too, for what that counts.
  const [first] = world.helpers(known)
  if (first !== undefined) await world.offer([encodeCommand(world.approve(first, known))])
  const mallory: Human = world.human('mallory')
  await world.offer([
    encodeCommand({
      type: 'approve',
      operationId: known.id,
      userId: mallory.id,
      keyId: mallory.person.keyId,
      signature: mallory.person.sign(bytes),
    }),
  ])
  await approveTwice(world, known)
  const missing = oracle.missing(known)
  if (missing !== undefined) await world.attack('take over: quorum less one', [encodeCommand(execute)], { never: true })
  await world.offer([encodeCommand({ type: 'cancel', operationId: known.id, by: '' })])
}

/** What else only the owner quorum may do. The oracle does not carry it out: it must never come so far. */
function otherPower(world: World, begin: (type: string) => Partial<Seen>, owner: string): Seen[] {
  const UserName = world.oracle.users.get(owner)?.name
  const rule = { RestrictionID: `evil-${world.generated}`, Approvers: [{ Groups: ['owner'], RequiredApprovers: 1 }] }
  const wishes: [type: string, fields: Record<string, unknown>][] = [
    ['delete user', { UserID: owner, UserName }],
    ['reset user', { UserID: owner, UserName }],
    ['rename group', { OldName: 'traders', NewName: `traders ${world.generated}` }],
    ['update config restriction', { Add: rule }],
    ['update policy restriction', { Add: rule }],
    ['update rates', { Updates: [{ Asset: 'ETH', USDMin: 1, USDMax: 2 }] }],
    ['update settings', { LooseningDelaySeconds: 0, NoSelfApproval: false }],
    ['set issuer keys', { Thumbprints: ['ab'.repeat(32)] }],
    ['refresh master key', { Name: 'Paper', Epoch: 1 }],
    ['unfreeze', { Freeze: world.oracle.freezes }],
  ]
  return wishes.map(([type, fields]) => ({ ...begin(type), ...fields }) as Seen)
}

/** Signatures that the key of the source never made over this digest. */
export async function forgeSignature(world: World, known: Known, part: number): Promise<void> {
  const { random, oracle } = world
  const spent = known.executions.get(`${part}/0`)
  if (spent === undefined || spent.signed) return
  const { Source } = known.intent as Signing
  const other = [...oracle.own].find(([address]) => address !== Source.Address.toLowerCase())?.[0] ?? ''
  const otherAddress = world.log.state.addressOwners.get(other)
  const elsewhere = otherAddress === undefined ? undefined : world.log.state.addresses.get(otherAddress)
  const good =
    Source.MasterKeyName === 'Paper' ? world.paperSignature(spent.digest, Source.Address) : new Uint8Array(65).fill(1)
  const kinds: Record<string, () => Uint8Array> = {
    noise: () => Uint8Array.from({ length: 65 }, () => random.int(256)),
    'a flipped bit': () => flipped(random, good),
    'another address': () =>
      elsewhere?.masterKey === 'Paper' ? world.paperSignature(spent.digest, elsewhere.address) : new Uint8Array(65),
    'another digest': () =>
      Source.MasterKeyName === 'Paper'
        ? world.paperSignature(`0x${'ab'.repeat(32)}`, Source.Address)
        : new Uint8Array(65),
    zeros: () => new Uint8Array(65),
  }
  const name = random.pick(Object.keys(kinds))
  const signature = kinds[name]?.() ?? new Uint8Array(65)
  const command: Command = { type: 'signed', operationId: known.id, part, variant: 0, signature }
  await world.attack(`signed: ${name}`, [encodeCommand(command)], { never: true })
}

/** What is over must stay over: the same commands again, and others in their place. */
export async function raiseTheDead(world: World, known: Known, used: readonly Uint8Array[]): Promise<void> {
  const { random } = world
  const again = random.pick(used)
  const command = decodeCommand(again)
  // A second valid `signed` is a no-op by design.
  if (command.type !== 'signed') await world.attack(`replay: ${command.type}`, [again], { never: true })
  const others: Command[] = [
    { type: 'cancel', operationId: known.id, by: '' },
    { type: 'reject', operationId: known.id, userId: 'alice@example.com', reason: '' },
    {
      type: 'execute',
      operationId: known.id,
      part: random.int(3),
      variant: random.int(3),
      transaction: new Uint8Array(),
    },
  ]
  await world.attack('replay: after the end', [encodeCommand(random.pick(others))], { never: true })
}
