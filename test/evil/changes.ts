import type { VaultState } from '@trivault/vault-state'
import type { Books } from './books.ts'
import type { Seen } from './effects.ts'
import type { Restriction } from './rules.ts'
import { must } from './violation.ts'

interface Change {
  Add?: Restriction
  Delete?: Restriction
}
interface Update {
  Asset: string
  USDRate?: number
  USDMin?: number
  USDMax?: number
}

const kindOf = { 'update config restriction': 'config', 'update policy restriction': 'policy' } as const

/** What an approved change does to the books. What makes no sense must not have been certified. */
export function perform(books: Books, intent: Seen, after: VaultState): void {
  const { users, groups, settings } = books
  const user = String(intent.UserID).toLowerCase()
  switch (intent.OperationType) {
    case 'register user':
      must(!users.has(user), `user ${intent.UserID} twice`)
      users.set(user, { name: String(intent.UserName), key: undefined })
      return
    case 'set user public key':
      books.setKey(user, Buffer.from(String(intent.PublicKey), 'base64'))
      enoughOwners(books)
      return
    case 'reset user': {
      const holder = users.get(user)
      must(holder?.key !== undefined && holder.name === intent.UserName, `${user} had nothing to reset`)
      holder.key = undefined
      enoughOwners(books)
      return
    }
    case 'delete user':
      must(users.get(user)?.name === intent.UserName && users.delete(user), `there was no ${user} to delete`)
      for (const members of groups.values()) members.delete(user)
      enoughOwners(books)
      return
    case 'update group': {
      const group = groups.get(String(intent.Group))
      must(group !== undefined, `group ${intent.Group} does not exist`)
      for (const member of intent.AddUsers as string[]) group.add(member.toLowerCase())
      for (const member of intent.RemoveUsers as string[]) group.delete(member.toLowerCase())
      enoughOwners(books)
      return
    }
    case 'rename group':
      rename(books, String(intent.OldName), String(intent.NewName))
      return
    case 'update transaction restriction':
      change(books.restrictions, intent as Change)
      return
    case 'update config restriction':
    case 'update policy restriction':
      change(books.restrictionsOf[kindOf[intent.OperationType]], intent as Change)
      return
    case 'update rates':
      for (const update of intent.Updates as Update[]) changeRate(books, update)
      return
    case 'update settings': {
      const { PendingExpirySeconds: expiry, LooseningDelaySeconds: delay, NoSelfApproval, MoneyDefault } = intent
      if (expiry !== undefined) settings.expiry = Number(expiry) * 1000
      if (delay !== undefined) settings.delay = Number(delay) * 1000
      if (NoSelfApproval !== undefined) settings.noSelfApproval = NoSelfApproval === true
      if (MoneyDefault !== undefined) settings.moneyDefault = String(MoneyDefault)
      return
    }
    case 'unfreeze':
      must(books.freeze === intent.Freeze, `freeze ${intent.Freeze} was lifted, ${books.freeze} is in force`)
      books.freeze = undefined
      return
    case 'create account': {
      const key = `${intent.MasterKey}/${intent.Name}`
      must(!books.accounts.has(key), `account ${key} twice`)
      const siblings = [...books.accounts.keys()].filter(other => other.startsWith(`${intent.MasterKey}/`))
      books.accounts.set(key, siblings.length)
      books.ownAddress(after, String(intent.MasterKey), String(intent.Name), 0)
      return
    }
    case 'register token': {
      const known = books.tokens.get(String(intent.CAIP19))
      const token = { symbol: String(intent.Symbol), decimals: Number(intent.Decimals) }
      must(
        known === undefined || JSON.stringify(known) === JSON.stringify(token),
        `${intent.CAIP19} changes its meaning`,
      )
      books.tokens.set(String(intent.CAIP19), token)
      return
    }
    default:
      must(false, `nobody wanted ${JSON.stringify(intent)}, and it was done`)
  }
}

function enoughOwners(books: Books): void {
  must(books.ownersLeft() >= books.quorum, 'fewer owners than the quorum are left')
}

function change(restrictions: Map<string, Restriction>, { Add, Delete }: Change): void {
  if (Delete !== undefined) must(restrictions.delete(Delete.RestrictionID), `no restriction ${Delete.RestrictionID}`)
  if (Add === undefined) return
  must(!restrictions.has(Add.RestrictionID), `restriction ${Add.RestrictionID} twice`)
  restrictions.set(Add.RestrictionID, Add)
}

/** Whoever was asked for under the old name is asked for under the new one, also by what is pending. */
function rename(books: Books, old: string, name: string): void {
  const members = books.groups.get(old)
  must(members !== undefined && !books.groups.has(name), `group ${old} cannot become ${name}`)
  books.groups.delete(old)
  books.groups.set(name, members)
  if (books.ownerGroup === old) books.ownerGroup = name
  const renamed = (group: string) => (group === old ? name : group)
  for (const known of books.open.values())
    known.needs = known.needs.map(one => ('groups' in one ? { ...one, groups: one.groups.map(renamed) } : one))
  const { config, policy } = books.restrictionsOf
  for (const restrictions of [books.restrictions, config, policy])
    for (const [id, { Approvers, ...rest }] of restrictions) {
      const approvers = Approvers?.map(one => ({ ...one, Groups: one.Groups.map(renamed) }))
      const { RestrictionID, ...criteria } = rest
      restrictions.set(id, { RestrictionID, ...(approvers && { Approvers: approvers }), ...criteria })
    }
}

function changeRate({ rates }: Books, { Asset, USDRate, USDMin, USDMax }: Update): void {
  const old = rates.get(Asset)
  if (USDRate === undefined && USDMin === undefined && USDMax === undefined) {
    must(rates.delete(Asset), `no rate of ${Asset} to remove`)
    return
  }
  const [min, max] = [USDMin ?? old?.min, USDMax ?? old?.max]
  const isInside = (rate: number | undefined) => rate !== undefined && (min ?? 0) <= rate && rate <= (max ?? Infinity)
  must((min ?? 0) <= (max ?? Infinity), `bounds of ${Asset} in the wrong order`)
  must(USDRate === undefined || isInside(USDRate), `a rate of ${Asset} outside its bounds`)
  const kept = min !== undefined && max !== undefined && isInside(old?.spot) ? old?.spot : undefined
  rates.set(Asset, { spot: USDRate ?? kept, min, max })
}

/** The closed list of protocol-notes §8; in doubt a change is a loosening and waits. */
export function isTightening(books: Books, intent: Seen): boolean {
  const { Add, Delete } = intent as Change
  switch (intent.OperationType) {
    case 'delete user':
    case 'reset user':
      return true
    case 'update group':
      return (intent.AddUsers as string[]).length === 0
    case 'update config restriction':
    case 'update policy restriction':
      return Delete === undefined
    case 'update transaction restriction': {
      const named = Add?.Approvers?.flatMap(({ Groups }) => Groups.flatMap(name => [...(books.groups.get(name) ?? [])]))
      const hasWeak = named?.some(user => books.users.get(user)?.key !== undefined && books.isWeak(user))
      if (Add === undefined || hasWeak) return false
      if (Delete === undefined) return !Add.TransactionFunction?.Only?.includes('raw digest')
      return isTighter(books.restrictions.get(Delete.RestrictionID), Add)
    }
    case 'update settings':
      return (
        intent.MoneyDefault === 'owner quorum' &&
        ['PendingExpirySeconds', 'LooseningDelaySeconds', 'NoSelfApproval'].every(field => intent[field] === undefined)
      )
    default:
      return false
  }
}

/** The same restriction but for lower limits: these tests shorten no list. */
function isTighter(before: Restriction | undefined, after: Restriction): boolean {
  if (before === undefined) return false
  const limits = ({ Amount, Fee, Velocity }: Restriction) => [Amount?.Above, Fee?.Above, Velocity?.Limit]
  const rest = ({ Amount, Fee, Velocity, ...others }: Restriction) =>
    JSON.stringify([
      others,
      Amount && { ...Amount, Above: 0 },
      Fee && { ...Fee, Above: 0 },
      Velocity && { ...Velocity, Limit: 0 },
    ])
  const now = limits(after)
  return rest(before) === rest(after) && limits(before).every((limit, i) => (now[i] ?? 0) <= (limit ?? 0))
}
