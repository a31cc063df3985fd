import { encodeMessage, entryHash, type Report } from '@trivault/ledger'
import { type Command, decodeCommand, encodeCommand, encodeEnvelope } from '@trivault/protocol'
import { Person } from '@trivault/testkit'
import type { Seen, Signing } from './effects.ts'
import { codeOf } from './log.ts'
import { flipped } from './mutations.ts'
import type { Known } from './oracle.ts'
import { must } from './violation.ts'
import type { Human, World } from './world.ts'

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
    ['update rates', { Updates: [{ Asset: 'ETH', USDRate: 1, USDMin: 1, USDMax: 2 }] }],
    ['update settings', { LooseningDelaySeconds: 0, NoSelfApproval: false }],
    ['set issuer keys', { Thumbprints: ['ab'.repeat(32)] }],
    ['refresh master key', { Name: 'Paper', Epoch: 1 }],
    ['unfreeze', { Freeze: 1 }],
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
    { type: 'reject', operationId: known.id, userId: 'alice@example.com' },
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

/** Lies about the log itself: slot, history, results, vault, time, ballots, reports, votes, certificates. */
export async function attackLog(world: World, harmless: Uint8Array): Promise<void> {
  const { random, log, nodes } = world
  const { seq } = log
  const noise = () => Uint8Array.from({ length: 32 }, () => random.int(256))
  const old = log.entries[random.int(log.entries.length)]
  const lies = {
    'another slot': { seq: seq + random.pick([0, 2, 3, 1000]) },
    'another history': { prev: noise() },
    'other results': { results: noise() },
    'another vault': { vaultId: noise() },
    'an hour ago': { time: world.time - 3_600_000 },
    'an hour ahead': { time: world.time + 3_600_000 },
    'a minute ahead': { time: world.time + 60_001 + random.int(1000) },
  }
  const kinds: Record<string, () => Promise<void>> = {
    'lies in the entry': async () => {
      for (const [name, lie] of Object.entries(lies)) await refused(`log: ${name}`, log.entry([harmless], lie))
    },
    'an old entry again': async () => {
      if (old !== undefined) await refused('log: an old entry again', old.entry)
    },
    'a ballot without reports': async () => {
      const said = await log.show(log.entry([harmless]), [], [0, 1, 2], 1 + random.int(3))
      must(
        said.every(one => one.type === 'refuse'),
        `a later ballot without reports: ${said.map(codeOf)}`,
      )
      world.note('log: a ballot without reports', false)
    },
    'reports of another slot': async () => {
      const reports = log.heard.flatMap(one => (one.type === 'report' ? [one.report] : [])).slice(0, 3)
      const said = await log.show(log.entry([harmless]), reports, [0, 1, 2], reports[0]?.ballot ?? 1)
      must(
        said.every(one => one.type === 'refuse'),
        `reports of another slot: ${said.map(codeOf)}`,
      )
      world.note('log: reports of another slot', false)
    },
    'two worlds': () => twoWorlds(world, harmless),
    'a forged certificate': async () => {
      const entry = log.entry([harmless])
      const vote = log.heard.findLast(one => one.type === 'vote')
      const stale = vote?.type === 'vote' ? vote.vote.signature : new Uint8Array(64)
      const signature = world.nodeSign(0, noise())
      const certificate = {
        seq: seq + 1,
        ballot: 0,
        hash: entryHash(entry),
        first: signature,
        second: stale,
        third: stale,
      }
      for (const node of [0, 1, 2] as const) nodes.send(node, encodeMessage({ type: 'certificate', certificate }))
      world.note('log: a forged certificate', false)
    },
    'forged votes': async () => {
      const hash = entryHash(log.entry([harmless]))
      for (const node of [0, 1, 2] as const) {
        const vote = {
          node: ((node + 1) % 3) as 0 | 1 | 2,
          seq: seq + 1,
          ballot: 0,
          hash,
          signature: world.nodeSign(node, hash),
        }
        nodes.inject(`node${vote.node}`, `node${node}`, encodeInner(encodeMessage({ type: 'vote', vote }), vote.node))
      }
      world.note('log: forged votes', false)
    },
    noise: async () => {
      for (const node of [0, 1, 2] as const)
        nodes.inject(
          'wallet',
          `node${node}`,
          Uint8Array.from({ length: random.int(200) }, () => random.int(256)),
        )
      world.note('log: noise', false)
    },
  }
  const refused = async (name: string, entry: Uint8Array): Promise<void> => {
    const said = await log.show(entry)
    must(
      said.every(one => one.type !== 'vote'),
      `the attack "${name}" succeeded`,
    )
    world.note(name, false)
  }
  const name = random.pick(Object.keys(kinds))
  await kinds[name]?.()
  await log.drain()
}

/** Two entries for one slot: one node is shown this, two are shown that. What two voted for must be kept. */
async function twoWorlds(world: World, harmless: Uint8Array): Promise<void> {
  const { log, random } = world
  world.time += 50
  const [first, second] = [log.entry([harmless]), log.entry([])]
  const lonely = random.pick([0, 1, 2] as const)
  const pair = ([0, 1, 2] as const).filter(node => node !== lonely)
  const split = await Promise.all([log.show(first, [], [lonely]), log.show(second, [], pair)])
  if (!split.flat().every(({ type }) => type === 'vote')) return
  const reports = await log.reports(1)
  must(reports.length === 3, 'three nodes, three reports')
  const swapped: Report[] = [reports[1], reports[0], reports[2]].flatMap(report => report ?? [])
  for (const [entry, shown] of [
    [first, reports],
    [log.entry([harmless, harmless]), reports],
    [second, swapped],
    [second, reports.slice(1)],
  ] as const) {
    const said = await log.show(entry, shown, [0, 1, 2], 1)
    must(
      said.every(one => one.type === 'refuse'),
      `two of three named another entry, but: ${said.map(codeOf)}`,
    )
  }
  log.ballot = 1
  const verdict = await log.propose(second, reports)
  must(verdict.certified, `the kept entry was refused: ${verdict.certified ? '' : verdict.code}`)
  world.oracle.certified([], world.time, world.time, log.state)
  world.note('log: two worlds', false)
}

const encodeInner = (body: Uint8Array, node: number): Uint8Array => encodeEnvelope({ type: 'ledger', node, body })
