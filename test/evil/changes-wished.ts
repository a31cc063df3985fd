import { Person } from '@trivault/testkit'
import { mayLeave } from './between.ts'
import type { Seen } from './effects.ts'
import type { Restriction, Velocity } from './rules.ts'
import { addressOf, thief, token } from './wishes.ts'
import type { World } from './world.ts'

const friends = ['aa', 'bb', 'cc'].map(addressOf)
const one = (group: string, count = 1) => [{ Groups: [group], RequiredApprovers: count }]
const limit = (Limit: number, Currency: string, Per: Velocity['Per'], WindowSeconds: number): Velocity => {
  return { Limit, Currency, Per, WindowSeconds }
}
const templates: Omit<Restriction, 'RestrictionID'>[] = [
  { Approvers: one('traders'), Amount: { Above: 2, Currency: 'ETH' } },
  { Approvers: one('risk'), ExternalDestination: { Except: friends } },
  { Approvers: one('risk', 2), Fee: { Above: 0.0002, Currency: 'ETH' } },
  { Approvers: one('owner', 2), Amount: { Above: 5000, Currency: 'USD' }, TestNetwork: false },
  { Approvers: one('traders', 2), Source: { Only: [{ MasterKeyName: 'Paper', AccountName: 'payroll' }] } },
  { Approvers: one('risk'), Symbol: { Only: ['TKN'] } },
  {
    Approvers: [{ Groups: ['owner', 'risk'], RequiredApprovers: 2 }],
    Destination: { Only: [{ Address: friends[2] ?? '' }] },
  },
  { Approvers: [], Destination: { Only: [{ Address: thief }] } },
  { Approvers: one('owner'), TransactionFunction: { Only: ['personal sign', 'typed data'] } },
  { Approvers: one('risk'), TransactionFunction: { Only: ['raw digest'] } },
  { Approvers: one('traders'), TransactionFunction: { Except: ['transfer', 'token transfer'] } },
  { Approvers: one('owner', 2), TestNetwork: false },
  { Approvers: one('owner'), Velocity: limit(4, 'ETH', 'vault', 600) },
  { Approvers: one('traders'), Velocity: limit(3, 'ETH', 'destination', 60) },
  { Approvers: one('owner'), Amount: { Above: 0.2, Currency: 'ETH' }, Velocity: limit(9000, 'USD', 'source', 3600) },
  { Approvers: one('risk'), Symbol: { Only: ['TKN'] }, Velocity: limit(500, 'TKN', 'asset', 300) },
]

export type Kind =
  | 'account'
  | 'config'
  | 'group'
  | 'key'
  | 'policy'
  | 'rates'
  | 'restriction'
  | 'settings'
  | 'reset user'
  | 'delete user'
type Begin = (type: string) => ReturnType<World['wishBase']>

/** A change of the vault that its owners want. Undefined where the turn's change makes no sense now. */
export function administrationWish(world: World, only?: Kind): Seen | undefined {
  const { random, oracle } = world
  const initiator = random.pick(['alice@example.com', 'bob@example.com', 'carol@example.com', ''])
  const begin = (type: string) => world.wishBase(type, oracle.users.has(initiator) ? initiator : '')
  const everyone = [...oracle.users.keys()].filter(user => world.humans.has(user))
  const missing = [...world.humans.keys()].find(user => !oracle.users.has(user))
  if (missing !== undefined) {
    const UserName = world.humans.get(missing)?.name
    return { ...begin('register user'), UserID: missing, UserName }
  }
  if (!oracle.tokens.has(token)) return { ...begin('register token'), CAIP19: token, Symbol: 'TKN', Decimals: 6 }
  const keyless = everyone.find(user => oracle.users.get(user)?.key === undefined)
  const kind: Kind = only ?? random.pick(kinds)
  if (keyless !== undefined) return keyWish(world, begin, keyless)
  switch (kind) {
    case 'key':
      return keyWish(world, begin, random.pick(everyone))
    case 'group':
      return groupWish(world, begin)
    case 'reset user':
    case 'delete user': {
      const user = random.pick(everyone)
      const UserName = oracle.users.get(user)?.name
      return mayLeave(world, user) ? { ...begin(kind), UserID: user, UserName } : undefined
    }
    case 'account': {
      const Name = `account ${oracle.accounts.size}`
      if (oracle.accounts.size > 12) return undefined
      return { ...begin('create account'), Name, MasterKey: random.pick(world.masterKeys) }
    }
    case 'rates':
      return rateWish(world, begin)
    case 'settings':
      return { ...begin('update settings'), ...random.pick(settings) }
    case 'config':
    case 'policy':
      return approversWish(world, begin, kind)
    default:
      return restrictionWish(world, begin)
  }
}

const kinds: readonly Kind[] = [
  ...(['key', 'group', 'group', 'restriction', 'restriction', 'restriction', 'account', 'reset user'] as const),
  ...(['delete user', 'rates', 'settings', 'settings', 'config', 'policy', 'policy'] as const),
]
const settings = [
  { LooseningDelaySeconds: 0 },
  { LooseningDelaySeconds: 0 },
  { LooseningDelaySeconds: 3600 },
  { NoSelfApproval: true },
  { NoSelfApproval: false },
  { PendingExpirySeconds: 86_400, LooseningDelaySeconds: 7200 },
  { MoneyDefault: 'owner quorum' },
  { MoneyDefault: 'initiator' },
  { NoSelfApproval: false, MoneyDefault: 'initiator' },
]

function keyWish(world: World, begin: Begin, user: string): Seen | undefined {
  const human = world.humans.get(user)
  const { oracle } = world
  if (human === undefined) return undefined
  const hasKey = oracle.users.get(user)?.key !== undefined
  // A new key is weak in an enclave: enough owners with pinned ones must remain.
  if (hasKey && oracle.isEnclave && !oracle.isWeak(user) && oracle.ownersLeft(user) < oracle.quorum) return undefined
  const next = hasKey ? new Person(user, human.device + 1) : human.person
  return { ...begin('set user public key'), UserID: user, PublicKey: Buffer.from(next.publicKey).toString('base64') }
}

function groupWish(world: World, begin: Begin): Seen | undefined {
  const { random, oracle } = world
  const Group = random.pick(['traders', 'risk', 'owner'])
  const users = [...oracle.users.keys()].filter(id => world.humans.has(id) && !id.startsWith('mallory'))
  const user = random.pick(Group === 'owner' ? users.filter(id => /^(alice|bob|carol)/.test(id)) : users)
  const isIn = oracle.groups.get(Group)?.has(user) === true
  if (isIn && !mayLeave(world, user)) return undefined
  return { ...begin('update group'), Group, AddUsers: isIn ? [] : [user], RemoveUsers: isIn ? [user] : [] }
}

function rateWish({ random, oracle }: World, begin: Begin): Seen {
  const Asset = random.pick(['ETH', 'TKN'])
  const { min, max } = oracle.rates.get(Asset) ?? {}
  const spot = min === undefined || max === undefined ? 3000 : random.pick([min, max, Math.floor((min + max) / 2)])
  const bounds = { USDMin: random.pick([1, 1000]), USDMax: random.pick([1000, 2000, 5000]) }
  const removed = oracle.rates.has(Asset) && random.next() < 0.2
  return {
    ...begin('update rates'),
    Updates: [{ Asset, ...(removed ? {} : random.pick([{ USDRate: spot }, bounds])) }],
  }
}

/** Restrictions of the vault's own changes: of kind `policy` they govern themselves, so enough people must be there to remove them. */
function approversWish(world: World, begin: Begin, kind: 'config' | 'policy'): Seen | undefined {
  const { random, oracle } = world
  const [existing] = oracle.restrictionsOf[kind].keys()
  const type = `update ${kind} restriction`
  if (existing !== undefined) return { ...begin(type), Delete: { RestrictionID: existing } }
  const group = random.pick(['owner', 'traders', 'risk'])
  const people = [...(oracle.groups.get(group) ?? [])].filter(
    user => oracle.users.get(user)?.key !== undefined && !user.startsWith('mallory'),
  )
  const count = Math.min(2, people.length - 1)
  return count < 1
    ? undefined
    : { ...begin(type), Add: { RestrictionID: `${kind}-${world.generated}`, Approvers: one(group, count) } }
}

function restrictionWish({ random, oracle, generated }: World, begin: Begin): Seen {
  const existing = [...oracle.restrictions.values()]
  const type = 'update transaction restriction'
  const old = existing.find(({ Amount, Velocity }) => Velocity !== undefined || Amount?.Above !== undefined)
  if (old !== undefined && random.next() < 0.3) {
    // The same with another limit: lower acts at once, higher waits.
    const times = random.pick([0.5, 2])
    const { Amount, Velocity } = old
    const Add = {
      ...old,
      ...(Amount?.Above !== undefined && { Amount: { ...Amount, Above: Amount.Above * times } }),
      ...(Velocity !== undefined && { Velocity: { ...Velocity, Limit: Velocity.Limit * times } }),
    }
    return { ...begin(type), Add, Delete: { RestrictionID: old.RestrictionID } }
  }
  if (existing.length > 4 || (existing.length > 0 && random.next() < 0.4))
    return { ...begin(type), Delete: { RestrictionID: random.pick(existing).RestrictionID } }
  const Add = { RestrictionID: `rule-${generated}`, ...random.pick(templates) }
  return { ...begin(type), Add }
}
