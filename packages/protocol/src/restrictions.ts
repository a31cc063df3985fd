import { type Json, type JsonOf, json } from '@trivault/codec'

/** Names of groups, master keys and accounts: words joined by single spaces, as in the contract. */
export const namePattern = /^\w+( \w+)*$/
export const name = json.string({
  max: 96,
  pattern: namePattern,
  what: 'a name of letters, digits, _ and single spaces',
})
/**
 * User ids are e-mail addresses (or a system user's fixed address); compared without regard to letter case. ASCII only: other
 * scripts have letters that look the same, and lower case that is not one.
 */
export const userId = json.string({
  max: 254,
  pattern: /^[!-?A-~]+@[!-?A-~]+$/,
  what: 'an e-mail address of ASCII characters',
})
export const restrictionId = json.string({ max: 128, pattern: /^\S(.*\S)?$/, what: 'a restriction id' })

const approvers = json.object({
  Groups: json.array(name, { min: 1, max: 50 }),
  RequiredApprovers: json.refine(json.integer(1000), n => (n < 1 ? 'at least 1' : undefined)),
})

/** At most one of Only and Except is non-empty: Only = one listed value matches, Except = none does, both empty = always. */
function criterion<T>(item: Json<T>) {
  const lists = json.object({}, { Only: json.array(item, { max: 1000 }), Except: json.array(item, { max: 1000 }) })
  return json.refine(lists as Json<{ Only?: T[]; Except?: T[] }>, value =>
    (value.Only?.length ?? 0) > 0 && (value.Except?.length ?? 0) > 0 ? 'give Only or Except, not both' : undefined,
  )
}
/** Without spaces: one value that reads "A or B" would look like two in what approvers are shown. */
const word = (what: string, max: number) => json.string({ max, pattern: /^\S+$/, what })
const amount = json.refine(json.object({}, { Above: json.decimal, Currency: word('a currency', 64) }), value =>
  value.Above !== undefined && value.Above !== '0' && value.Currency === undefined
    ? 'Currency is needed when Above is not 0'
    : undefined,
)
const source = json.object({ MasterKeyName: name }, { AccountName: name })
const destination = json.refine(
  json.object({}, { MasterKeyName: name, AccountName: name, Address: word('an address', 128) }),
  value =>
    (value.Address !== undefined) === (value.MasterKeyName !== undefined || value.AccountName !== undefined) ||
    (value.MasterKeyName === undefined) !== (value.AccountName === undefined)
      ? 'give Address, or MasterKeyName and AccountName'
      : undefined,
)
const symbols = criterion(word('a symbol', 256))
const addresses = criterion(word('an address', 256))

/** What one sum of a velocity limit is about: everything, each source account, each destination or each asset. */
export const velocityScopes = ['vault', 'source', 'destination', 'asset'] as const
const velocityWindow = json.refine(json.integer(366 * 86_400), n => (n < 60 ? 'at least 60' : undefined))
/** Beyond the contract: what matches may add up to `Limit` in any window of so many seconds. */
const velocity = json.object({
  Limit: json.decimal,
  Currency: word('USD, a symbol or a CAIP-19', 200),
  Per: json.oneOf(velocityScopes),
  WindowSeconds: velocityWindow,
})
export type VelocityLimit = JsonOf<typeof velocity>

/** Restrictions of kinds config and policy: approvers for all operations of their kind. */
export const approverRestriction = json.object(
  { RestrictionID: restrictionId },
  { Approvers: json.array(approvers, { max: 50 }) },
)
export type ApproverRestriction = JsonOf<typeof approverRestriction>

export const transactionRestriction = json.object(
  { RestrictionID: restrictionId },
  {
    Approvers: json.array(approvers, { max: 50 }),
    Amount: amount,
    Fee: amount,
    Symbol: symbols,
    Source: criterion(source),
    Destination: criterion(destination),
    ExternalDestination: addresses,
    TransactionFunction: criterion(json.string({ max: 256 })),
    TestNetwork: json.boolean,
    Velocity: velocity,
  },
)
export type TransactionRestriction = JsonOf<typeof transactionRestriction>
export type ApproversByGroups = JsonOf<typeof approvers>
export type AmountCriterion = JsonOf<typeof amount>
export type Criterion<T> = { Only?: T[]; Except?: T[] }
export type SourceSelector = JsonOf<typeof source>
export type DestinationSelector = JsonOf<typeof destination>
