import { createPublicKey, hash, type KeyObject } from 'node:crypto'
import type { VaultState } from '@trivault/vault-state'
import { deriveAddress, effectsOf, type Seen, type Signing, type Token } from './effects.ts'
import {
  approversOf,
  matches,
  type Needs,
  type Rate,
  type Requirement,
  type Restriction,
  restrictionNeeds,
} from './rules.ts'
import { type Fit, Spent as Spendings } from './spending.ts'
import { must } from './violation.ts'

/** What one execution uses up. */
export interface Spent {
  slot: string
  digest: string
  signed: boolean
}

export interface Known {
  readonly id: string
  readonly intent: Seen
  readonly bytes: Uint8Array
  needs: Requirement[]
  /** User to key id. */
  readonly approvals: Map<string, string>
  /** By part/variant. */
  readonly executions: Map<string, Spent>
  phase: 'pending' | 'executing' | 'ended'
  deadline: number
  /** An approved loosening acts at this time of the log, not before. */
  waits?: number
}

interface User {
  readonly name: string
  key: { id: string; verifier: KeyObject } | undefined
}

export interface Settings {
  expiry: number
  delay: number
  noSelfApproval: boolean
  moneyDefault: string
}

export const money = ['make transaction', 'generic signing']
export const isSigning = (intent: Seen): intent is Signing => money.includes(intent.OperationType)
const governedBy = {
  'register token': 'config',
  'register custom chain': 'config',
  'backup master key': 'config',
  'set user public key': 'config',
  'delete user': 'config',
  'reset user': 'config',
  'set issuer keys': 'config',
  'update group': 'policy',
  'rename group': 'policy',
  'update transaction restriction': 'policy',
  'update config restriction': 'policy',
  'update policy restriction': 'policy',
  'update rates': 'policy',
  'update settings': 'policy',
} as Record<string, 'config' | 'policy' | undefined>
const classes: Record<string, 'free' | 'local' | 'config' | 'authority'> = {
  'register user': 'free',
  'create account': 'free',
  'register token': 'local',
  'register custom chain': 'local',
  'backup master key': 'config',
  'refresh master key': 'authority',
  unfreeze: 'authority',
}

/** People, keys, groups, restrictions, settings: kept a second time, and what they ask of an operation (protocol-notes §3, §4, §8). */
export class Books {
  readonly users = new Map<string, User>()
  readonly usedKeys = new Set<string>()
  /** Keys that a founder pinned; in an enclave any other is weak. */
  readonly pinned = new Set<string>()
  readonly groups = new Map<string, Set<string>>()
  ownerGroup = 'owner'
  readonly restrictions = new Map<string, Restriction>()
  readonly restrictionsOf = { config: new Map<string, Restriction>(), policy: new Map<string, Restriction>() }
  readonly tokens = new Map<string, Token>()
  readonly rates = new Map<string, Rate>()
  readonly own = new Map<string, { masterKey: string; account: string }>()
  readonly accounts = new Map<string, number>()
  readonly testNetworks = new Set(['eip155:31337', 'eip155:11155111'])
  readonly open = new Map<string, Known>()
  readonly spendings = new Spendings()
  readonly settings: Settings
  readonly quorum: number
  readonly isEnclave: boolean
  freeze: number | undefined
  freezes = 0

  constructor(quorum: number, profile: string) {
    this.quorum = quorum
    this.isEnclave = profile === 'enclave'
    const moneyDefault = this.isEnclave ? 'owner quorum' : 'initiator'
    this.settings = { expiry: 7 * 24 * 3600 * 1000, delay: 0, noSelfApproval: false, moneyDefault }
  }

  isWeak(user: string): boolean {
    return this.isEnclave && !this.pinned.has(this.users.get(user)?.key?.id ?? '')
  }

  /** Owners who count, without one of them. */
  ownersLeft(without = ''): number {
    const owners = [...(this.groups.get(this.ownerGroup) ?? [])].filter(user => user !== without)
    return owners.filter(user => this.users.get(user)?.key !== undefined && !this.isWeak(user)).length
  }

  classOf({ OperationType: type, Updates }: Seen): 'free' | 'local' | 'config' | 'authority' {
    const spot = (
      Updates as { Asset: string; USDRate?: number; USDMin?: number; USDMax?: number }[] | undefined
    )?.every(({ Asset, USDRate, USDMin, USDMax }) => {
      const { min, max } = this.rates.get(Asset) ?? {}
      return min !== undefined && max !== undefined && USDRate !== undefined && (USDMin ?? USDMax) === undefined
    })
    if (type === 'update rates' && spot === true) return 'free'
    const kind = classes[type] ?? (governedBy[type] === undefined ? undefined : 'authority')
    must(kind !== undefined, `an operation that this test does not know was certified: ${type}`)
    return kind
  }

  #governed(intent: Seen): Needs {
    if (isSigning(intent)) return restrictionNeeds(intent, effectsOf(intent, this.tokens), this)
    const kind = governedBy[intent.OperationType]
    const asked = kind === undefined ? [] : [...this.restrictionsOf[kind].values()].map(approversOf)
    return asked.includes(undefined) ? undefined : asked.flatMap(one => one ?? [])
  }

  /** Requirements as they stand now; undefined: blocked. */
  needs(intent: Seen): Requirement[] | undefined {
    const kind = isSigning(intent) ? 'money' : this.classOf(intent)
    if (kind === 'free') return []
    const governed = this.#governed(intent)
    if (governed === undefined) return undefined
    const user = intent.InitiatorID.toLowerCase()
    const isNamed = governed.some(({ groups }) => groups.some(group => this.groups.get(group)?.has(user)))
    const signs = this.users.get(user)?.key !== undefined && (!this.isWeak(user) || isNamed)
    const needs: Requirement[] = []
    const owners = (count: number) => needs.push({ groups: [this.ownerGroup], count })
    const isFree = kind === 'local' && !this.isEnclave
    if (signs && !isFree) needs.push({ user })
    if (kind === 'money') {
      if (!signs) owners(1)
      if (this.settings.moneyDefault !== 'initiator') owners(this.quorum)
    } else if (!isFree) owners(kind === 'authority' ? this.quorum : 1)
    if (!this.settings.noSelfApproval || governed.length === 0) return [...needs, ...governed]
    if (!signs) return undefined
    return [...needs, { user }, ...governed.map(requirement => ({ ...requirement, notBy: user }))]
  }

  /** Whether this person's approval counts for a requirement, if the key is active. */
  fits(requirement: Requirement, user: string): boolean {
    if ('user' in requirement) return requirement.user === user
    if (requirement.notBy === user || (requirement.byRestriction !== true && this.isWeak(user))) return false
    return requirement.groups.some(group => this.groups.get(group)?.has(user))
  }

  /** Why this may not be executed now: approvals whose key and membership are gone do not count. */
  missing(known: Known): string | undefined {
    const now = this.needs(known.intent)
    if (now === undefined) return 'a restriction blocks it'
    const valid = [...known.approvals]
      .filter(([user, key]) => this.users.get(user)?.key?.id === key)
      .map(([user]) => user)
    for (const requirement of [...known.needs, ...now]) {
      const count = valid.filter(user => this.fits(requirement, user)).length
      const wanted = 'user' in requirement ? 1 : requirement.count
      if (count < wanted) return `${JSON.stringify(requirement)} has ${count} of ${wanted} approvals`
    }
    return undefined
  }

  /** Velocity limits that speak of this operation now. */
  #limits(intent: Signing): Restriction[] {
    const effects = effectsOf(intent, this.tokens)
    return [...this.restrictions.values()].filter(
      one => one.Velocity !== undefined && matches(one, intent, effects, this) === true,
    )
  }

  /** Whether an operation that is executed at `time` stays within all velocity limits. */
  velocity(intent: Signing, time: number): Fit {
    return this.spendings.fits(this.#limits(intent), intent, effectsOf(intent, this.tokens), this, time)
  }

  spend(intent: Signing, time: number): void {
    this.spendings.add(this.#limits(intent), intent, effectsOf(intent, this.tokens), this, time)
  }

  setKey(user: string, point: Uint8Array): void {
    const holder = this.users.get(user.toLowerCase())
    const id = hash('sha256', point, 'hex')
    must(holder !== undefined && !this.usedKeys.has(id), `a device key twice, or for nobody: ${user}`)
    this.usedKeys.add(id)
    const [x, y] = [point.slice(1, 33), point.slice(33, 65)].map(part => Buffer.from(part).toString('base64url'))
    holder.key = {
      id,
      verifier: createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }, format: 'jwk' }),
    }
  }

  /** Notes an address as the vault's own: derived by ethers, it must be the one that the nodes say. */
  ownAddress(state: VaultState, masterKey: string, account: string, index: number): void {
    const key = state.masterKeys.get(masterKey)?.keys.find(({ curve }) => curve === 'ECDSA_SECP256K1')
    const position = this.accounts.get(`${masterKey}/${account}`)
    must(key !== undefined && position !== undefined, `an address below ${masterKey}/${account}, which does not exist`)
    const address = deriveAddress(key.publicKey, key.chainCode, position, index)
    const said = state.addresses.get(`${masterKey}/${account}/60/${index}`)?.address
    must(said === address, `${masterKey}/${account}/${index} is ${address}, the nodes say ${said}`)
    this.own.set(address.toLowerCase(), { masterKey, account })
  }

  /** The nodes' books and these must say the same. */
  compare(state: VaultState): void {
    const { settings, users, groups, freeze } = state
    const text = (restrictions: { values(): Iterable<unknown> }) =>
      [...restrictions.values()]
        .map(one => JSON.stringify(one).replaceAll(/"(Above|Limit)":"([\d.]+)"/g, '"$1":$2'))
        .sort()
    const theirs = {
      keys: users
        .values()
        .flatMap(({ systemRole, keyId, id }) =>
          systemRole === undefined && keyId !== undefined ? [`${id.toLowerCase()} ${keyId}`] : [],
        )
        .sort(),
      groups: groups
        .values()
        .map(({ name, members }) => `${name} ${[...members].sort()}`)
        .sort(),
      restrictions: [state.restrictions, state.configRestrictions, state.policyRestrictions].map(text),
      rates: state.rates
        .keys()
        .sort()
        .map(asset => [asset, ...[state.rates.get(asset)].flatMap(one => [one?.usdRate, one?.usdMin, one?.usdMax])]),
      settings: [settings.pendingLifetime, settings.looseningDelay, settings.noSelfApproval, settings.moneyDefault],
      freeze: freeze?.number,
      open: state.pending.keys().sort(),
    }
    const { expiry, delay, noSelfApproval, moneyDefault } = this.settings
    const { config, policy } = this.restrictionsOf
    const ours = {
      keys: [...this.users].flatMap(([id, { key }]) => (key === undefined ? [] : [`${id} ${key.id}`])).sort(),
      groups: [...this.groups].map(([name, members]) => `${name} ${[...members].sort()}`).sort(),
      restrictions: [this.restrictions, config, policy].map(text),
      rates: [...this.rates]
        .sort()
        .map(([asset, { spot, min, max }]) => [asset, ...[spot, min, max].map(rate => rate?.toString())]),
      settings: [expiry, delay, noSelfApproval, moneyDefault],
      freeze: this.freeze,
      open: [...this.open.keys()].sort(),
    }
    must(
      JSON.stringify(ours) === JSON.stringify(theirs),
      `the books differ:\n${JSON.stringify(ours)}\n${JSON.stringify(theirs)}`,
    )
  }
}
