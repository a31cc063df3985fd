import { caip2Of, type Effects, type Signing, type Token } from './effects.ts'
import { fitsAlone, highest, lowest } from './spending.ts'

/** Restrictions as the oracle reads them: plain JSON of the contract. */
export interface Restriction {
  readonly RestrictionID: string
  readonly Approvers?: { Groups: string[]; RequiredApprovers: number }[]
  readonly Amount?: { Above?: number; Currency?: string }
  readonly Fee?: { Above?: number; Currency?: string }
  readonly Symbol?: Listed<string>
  readonly Source?: Listed<{ MasterKeyName: string; AccountName?: string }>
  readonly Destination?: Listed<{ Address?: string; MasterKeyName?: string; AccountName?: string }>
  readonly ExternalDestination?: Listed<string>
  readonly TransactionFunction?: Listed<string>
  readonly TestNetwork?: boolean
  readonly Velocity?: Velocity
}
export interface Velocity {
  readonly Limit: number
  readonly Currency: string
  readonly Per: 'vault' | 'source' | 'destination' | 'asset'
  readonly WindowSeconds: number
}
/** USD per whole coin, whole numbers in these tests. Between two bounds the spot rate decides nothing. */
export interface Rate {
  readonly spot: number | undefined
  readonly min: number | undefined
  readonly max: number | undefined
}
interface Listed<T> {
  Only?: T[]
  Except?: T[]
}

export interface GroupRequirement {
  groups: string[]
  count: number
  /** A weak key counts for what a restriction asks, and for nothing else. */
  byRestriction?: boolean
  notBy?: string
}
export type Requirement = { user: string } | GroupRequirement
/** `undefined`: nobody may. */
export type Needs = GroupRequirement[] | undefined

export interface Rules {
  readonly restrictions: ReadonlyMap<string, Restriction>
  readonly tokens: ReadonlyMap<string, Token>
  readonly rates: ReadonlyMap<string, Rate>
  /** Lower-case address to the account that owns it. */
  readonly own: ReadonlyMap<string, { masterKey: string; account: string }>
  readonly testNetworks: ReadonlySet<string>
}

/** true, false, or undefined: a rate is missing. */
type Answer = boolean | undefined
const all = (answers: Answer[]): Answer =>
  answers.includes(false) ? false : answers.includes(undefined) ? undefined : true
const any = (answers: Answer[]): Answer =>
  answers.includes(true) ? true : answers.includes(undefined) ? undefined : false

/** What the restrictions ask for, written a second time from SPEC.md: the set of fresh eyes that finds what decide() misses. */
export function restrictionNeeds(intent: Signing, effects: Effects, rules: Rules): Needs {
  const needs: GroupRequirement[] = []
  let named = false
  for (const restriction of rules.restrictions.values()) {
    const hit = matches(restriction, intent, effects, rules)
    if (hit === false) continue
    const asked = approversOf(restriction)
    if (hit === undefined || asked === undefined || !fitsAlone(restriction, intent, effects, rules)) return undefined
    needs.push(...asked)
    const { RestrictionID: _id, Approvers: _approvers, Source: _source, TransactionFunction, ...contents } = restriction
    named ||= TransactionFunction?.Only?.includes(effects.function) === true && Object.keys(contents).length === 0
  }
  return effects.opaque && !named ? undefined : needs
}

/** What one restriction asks of people; undefined: it lets nobody. */
export function approversOf({ Approvers = [] }: Restriction): Needs {
  if (Approvers.length === 0) return undefined
  return Approvers.map(({ Groups, RequiredApprovers }) => ({
    groups: [...Groups],
    count: RequiredApprovers,
    byRestriction: true,
  }))
}

export function matches(restriction: Restriction, intent: Signing, effects: Effects, rules: Rules): Answer {
  const {
    Source,
    TransactionFunction,
    Amount,
    Fee,
    Symbol: symbols,
    Destination,
    ExternalDestination,
    TestNetwork,
  } = restriction
  const { MasterKeyName, AccountName } = intent.Source
  const checks: Answer[] = [
    listed(Source, one => one.MasterKeyName === MasterKeyName && (one.AccountName ?? AccountName) === AccountName),
    listed(TransactionFunction, name => name === effects.function),
  ]
  if (effects.opaque) return all(checks)
  const { movements } = effects
  const unknown = movements.some(({ amount }) => amount === undefined)
  const internal = (to: string | undefined) => (to === undefined ? undefined : rules.own.get(to.toLowerCase()))
  const symbolOf = (asset: string) => rules.tokens.get(asset)?.symbol ?? 'ETH'
  if (Amount !== undefined) {
    const sums = new Map<string, bigint>()
    for (const { asset, amount } of movements) sums.set(asset, (sums.get(asset) ?? 0n) + (amount ?? 0n))
    checks.push(any([unknown, ...[...sums].map(([asset, sum]) => above(Amount, asset, sum, rules))]))
  }
  if (Fee !== undefined) checks.push(above(Fee, `${caip2Of(intent.CAIP19)}/slip44:60`, effects.fee, rules))
  if (symbols !== undefined)
    checks.push(unknown || movements.some(({ asset }) => listed(symbols, text => text === symbolOf(asset))))
  if (Destination !== undefined)
    checks.push(
      movements.some(({ to }) =>
        listed(Destination, one =>
          one.Address !== undefined
            ? one.Address.toLowerCase() === to?.toLowerCase()
            : one.MasterKeyName === internal(to)?.masterKey && one.AccountName === internal(to)?.account,
        ),
      ),
    )
  if (ExternalDestination !== undefined)
    checks.push(
      movements.some(
        ({ to }) =>
          internal(to) === undefined &&
          listed(ExternalDestination, address => address.toLowerCase() === to?.toLowerCase()),
      ),
    )
  if (TestNetwork !== undefined)
    checks.push(effects.anyChain || rules.testNetworks.has(caip2Of(intent.CAIP19)) === TestNetwork)
  return all(checks)
}

function listed<T>(criterion: Listed<T> | undefined, fits: (item: T) => boolean): boolean {
  const { Only = [], Except = [] } = criterion ?? {}
  return Only.length > 0 ? Only.some(fits) : !Except.some(fits)
}

/** Limits of these tests are decimals of at most six places. */
function above(
  { Above = 0, Currency }: { Above?: number; Currency?: string },
  asset: string,
  amount: bigint,
  rules: Rules,
): Answer {
  const token = rules.tokens.get(asset)
  const symbol = token?.symbol ?? 'ETH'
  const scale = 10n ** BigInt(token?.decimals ?? 18)
  const limit = BigInt(Math.round(Above * 1e6))
  if (amount === 0n) return false
  if (limit === 0n) return true
  if (Currency === symbol) return amount * 1_000_000n > limit * scale
  // By the rates that make it most: the asset at its highest, the currency at its lowest.
  const rate = highest(rules.rates.get(symbol))
  const least = Currency === 'USD' ? 1 : lowest(rules.rates.get(Currency ?? ''))
  if (rate === undefined || least === undefined) return undefined
  return amount * 1_000_000n * BigInt(rate) > limit * BigInt(least) * scale
}
