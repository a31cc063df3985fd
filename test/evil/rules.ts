import { caip2Of, type Effects, type Signing, type Token } from './effects.ts'

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
}
interface Listed<T> {
  Only?: T[]
  Except?: T[]
}

export type Requirement = { user: string } | { groups: string[]; count: number }
/** `undefined`: nobody may. */
export type Needs = Requirement[] | undefined

export interface Rules {
  readonly restrictions: ReadonlyMap<string, Restriction>
  readonly tokens: ReadonlyMap<string, Token>
  /** USD per whole coin. */
  readonly rates: ReadonlyMap<string, number>
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
  const needs: Requirement[] = []
  let named = false
  for (const restriction of rules.restrictions.values()) {
    const hit = matches(restriction, intent, effects, rules)
    if (hit === false) continue
    if (hit === undefined || (restriction.Approvers ?? []).length === 0) return undefined
    for (const { Groups, RequiredApprovers } of restriction.Approvers ?? [])
      needs.push({ groups: Groups, count: RequiredApprovers })
    const { RestrictionID: _id, Approvers: _approvers, Source: _source, TransactionFunction, ...contents } = restriction
    named ||= TransactionFunction?.Only?.includes(effects.function) === true && Object.keys(contents).length === 0
  }
  return effects.opaque && !named ? undefined : needs
}

function matches(restriction: Restriction, intent: Signing, effects: Effects, rules: Rules): Answer {
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
  const rate = rules.rates.get(symbol)
  if (rate === undefined || Currency !== 'USD') return undefined
  return amount * 1_000_000n * BigInt(rate) > limit * scale
}
