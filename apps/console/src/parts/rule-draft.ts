import type { ExactResponseOf } from '@trivault/api-contract'

/** A restriction with decimals as text; those of kinds config and policy have id and approvers only. */
export type Rule = ExactResponseOf<'trivaultRestrictions'>[number]
export type Kind = 'transaction' | 'config' | 'policy'

export type Mode = 'any' | 'only' | 'except'

export interface Listed {
  mode: Mode
  values: string[]
}

export interface Approvers {
  groups: string[]
  count: string
}

/** A restriction as its form holds it: all text. */
export interface RuleDraft {
  id: string
  approvers: Approvers[]
  amountAbove: string
  amountCurrency: string
  feeAbove: string
  feeCurrency: string
  symbol: Listed
  source: Listed
  destination: Listed
  external: Listed
  called: Listed
  network: 'any' | 'test' | 'main'
  limit: string
  limitCurrency: string
  per: 'vault' | 'source' | 'destination' | 'asset'
  windowHours: string
}

export const emptyDraft: RuleDraft = {
  id: '',
  approvers: [{ groups: [], count: '1' }],
  amountAbove: '',
  amountCurrency: 'USD',
  feeAbove: '',
  feeCurrency: 'USD',
  symbol: { mode: 'any', values: [] },
  source: { mode: 'any', values: [] },
  destination: { mode: 'any', values: [] },
  external: { mode: 'any', values: [] },
  called: { mode: 'any', values: [] },
  network: 'any',
  limit: '',
  limitCurrency: 'USD',
  per: 'vault',
  windowHours: '24',
}

type Lists<T> = { Only?: T[] | undefined; Except?: T[] | undefined }
type Source = { MasterKeyName: string; AccountName?: string | undefined }
type Destination = {
  MasterKeyName?: string | undefined
  AccountName?: string | undefined
  Address?: string | undefined
}

function listed<T>(criterion: Lists<T> | undefined, text: (item: T) => string): Listed {
  const { Only = [], Except = [] } = criterion ?? {}
  if (Only.length > 0) return { mode: 'only', values: Only.map(text) }
  return Except.length > 0 ? { mode: 'except', values: Except.map(text) } : { mode: 'any', values: [] }
}

function criterion<T>({ mode, values }: Listed, item: (text: string) => T): Lists<T> | undefined {
  const items = values.filter(value => value !== '').map(item)
  if (mode === 'any' || items.length === 0) return undefined
  return mode === 'only' ? { Only: items } : { Except: items }
}

/** `main/treasury`, or `main` for every account of a master key. Names hold no slash. */
const sourceText = ({ MasterKeyName, AccountName }: Source): string =>
  AccountName === undefined ? MasterKeyName : `${MasterKeyName}/${AccountName}`

function sourceOf(text: string): Source {
  const [MasterKeyName = '', AccountName] = text.split('/')
  return AccountName === undefined ? { MasterKeyName } : { MasterKeyName, AccountName }
}

const destinationText = ({ Address, MasterKeyName = '', AccountName = '' }: Destination): string =>
  Address ?? `${MasterKeyName}/${AccountName}`

const destinationOf = (text: string): Destination => (text.includes('/') ? sourceOf(text) : { Address: text })

const same = (text: string): string => text

export function draftOf(rule: Rule): RuleDraft {
  const { Amount, Fee, TestNetwork, Velocity } = rule
  return {
    id: rule.RestrictionID,
    approvers: (rule.Approvers ?? []).map(({ Groups, RequiredApprovers }) => ({
      groups: [...Groups],
      count: String(RequiredApprovers),
    })),
    amountAbove: Amount === undefined ? '' : (Amount.Above ?? '0'),
    amountCurrency: Amount?.Currency ?? 'USD',
    feeAbove: Fee === undefined ? '' : (Fee.Above ?? '0'),
    feeCurrency: Fee?.Currency ?? 'USD',
    symbol: listed(rule.Symbol, same),
    source: listed(rule.Source, sourceText),
    destination: listed(rule.Destination, destinationText),
    external: listed(rule.ExternalDestination, same),
    called: listed(rule.TransactionFunction, same),
    network: TestNetwork === undefined ? 'any' : TestNetwork ? 'test' : 'main',
    limit: Velocity?.Limit ?? '',
    limitCurrency: Velocity?.Currency ?? 'USD',
    per: (Velocity?.Per ?? 'vault') as RuleDraft['per'],
    windowHours: Velocity === undefined ? '24' : String(Velocity.WindowSeconds / 3600),
  }
}

const decimal = /^(?:0|[1-9][0-9]{0,77})(?:\.[0-9]{1,36})?$/

/** What is wrong with a draft, by field; empty when it can be sent. */
export function problemsOf(draft: RuleDraft, kind: Kind): Partial<Record<keyof RuleDraft, string>> {
  const { id, approvers, windowHours, limit } = draft
  const amounts = kind === 'transaction' ? (['amountAbove', 'feeAbove', 'limit'] as const) : []
  const seconds = Number(windowHours) * 3600
  return {
    ...(!/^\S(.*\S)?$/.test(id) && { id: 'A name for the restriction, without spaces at its ends' }),
    ...(approvers.some(({ groups, count }) => groups.length === 0 || !/^[1-9][0-9]{0,2}$/.test(count)) && {
      approvers: 'Each line needs a number of approvals and at least one group',
    }),
    ...Object.fromEntries(
      amounts
        .filter(name => draft[name] !== '' && !decimal.test(draft[name]))
        .map(name => [name, 'A decimal such as 1000.50']),
    ),
    ...(kind === 'transaction' &&
      limit !== '' &&
      !(Number.isInteger(seconds) && seconds >= 60 && seconds <= 31_622_400) && {
        windowHours: 'From a minute (0.0167) to 366 days, in hours',
      }),
  }
}

/** The restriction that a draft without problems says; criteria that ask for nothing are left out. */
export function ruleOf(draft: RuleDraft, kind: Kind): Rule {
  const Approvers = draft.approvers.map(({ groups, count }) => ({ Groups: groups, RequiredApprovers: Number(count) }))
  const base = { RestrictionID: draft.id, ...(Approvers.length > 0 && { Approvers }) }
  if (kind !== 'transaction') return base
  const lists = {
    Symbol: criterion(draft.symbol, same),
    Source: criterion(draft.source, sourceOf),
    Destination: criterion(draft.destination, destinationOf),
    ExternalDestination: criterion(draft.external, same),
    TransactionFunction: criterion(draft.called, same),
  }
  const given = Object.fromEntries(Object.entries(lists).filter(([, value]) => value !== undefined))
  return {
    ...base,
    ...(draft.amountAbove !== '' && { Amount: { Above: draft.amountAbove, Currency: draft.amountCurrency } }),
    ...(draft.feeAbove !== '' && { Fee: { Above: draft.feeAbove, Currency: draft.feeCurrency } }),
    ...given,
    ...(draft.network !== 'any' && { TestNetwork: draft.network === 'test' }),
    ...(draft.limit !== '' && {
      Velocity: {
        Limit: draft.limit,
        Currency: draft.limitCurrency,
        Per: draft.per,
        WindowSeconds: Math.round(Number(draft.windowHours) * 3600),
      },
    }),
  } as Rule
}
