import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto'
import { toHex } from '@trivault/codec'
import type { Command, CommandOf } from '@trivault/protocol'
import type { VaultState } from '@trivault/vault-state'
import { recoverAddress } from 'ethers'
import {
  deriveAddress,
  difference,
  effectsOf,
  messageDigest,
  type Seen,
  type Signing,
  type Token,
  transactionDigest,
} from './effects.ts'
import { type Needs, type Requirement, type Restriction, restrictionNeeds } from './rules.ts'
import { must } from './violation.ts'

export interface Spent {
  slot: string
  digest: string
  signed: boolean
}

export interface Known {
  readonly id: string
  readonly intent: Seen
  readonly bytes: Uint8Array
  readonly needs: Requirement[]
  /** User to key id. */
  readonly approvals: Map<string, string>
  /** By part/variant. */
  readonly executions: Map<string, Spent>
  phase: 'pending' | 'executing' | 'ended'
  deadline: number
}

interface User {
  readonly name: string
  key: { id: string; verifier: KeyObject } | undefined
}

const WEEK = 7 * 24 * 3600 * 1000
const money = ['make transaction', 'generic signing']
/** What an operation needs in a fresh local vault, besides restrictions (protocol-notes §3). */
const classes: Record<string, 'free' | 'config' | 'authority'> = {
  'register user': 'free',
  'create account': 'free',
  'register token': 'free',
  'register custom chain': 'free',
  'backup master key': 'config',
  'set user public key': 'authority',
  'update group': 'authority',
  'update transaction restriction': 'authority',
  'delete user': 'authority',
  'reset user': 'authority',
  'rename group': 'authority',
  'update config restriction': 'authority',
  'update policy restriction': 'authority',
  'update rates': 'authority',
  'update settings': 'authority',
  'set issuer keys': 'authority',
  'refresh master key': 'authority',
  unfreeze: 'authority',
}
const fieldsOf = {
  'make transaction':
    'OperationType OperationID InitiatorID InitiatorName Timestamp ChainName CAIP19 Asset TestNetwork Source Destination Function RawTransaction EVM',
  'generic signing':
    'OperationType OperationID InitiatorID InitiatorName Timestamp ChainName CAIP19 Asset TestNetwork DataToSign TypeOfSigning Source Function',
} as Record<string, string>

/**
 * A second, small vault of its own making. It reads every certified command with JSON.parse, node:crypto and ethers, keeps its own
 * books of people, keys, groups and restrictions, and says what must not have been certified.
 */
export class Oracle {
  readonly users = new Map<string, User>()
  readonly usedKeys = new Set<string>()
  readonly groups = new Map<string, Set<string>>()
  readonly restrictions = new Map<string, Restriction>()
  readonly tokens = new Map<string, Token>()
  readonly rates = new Map<string, number>()
  readonly own = new Map<string, { masterKey: string; account: string }>()
  readonly accounts = new Map<string, number>()
  readonly testNetworks = new Set(['eip155:31337', 'eip155:11155111'])
  readonly operations = new Map<string, Known>()
  readonly open = new Map<string, Known>()
  readonly quorum: number
  readonly counts = { executions: 0, signatures: 0, administration: 0 }
  /** Digests that may be signed, to the address that must have signed. */
  readonly allowed = new Map<string, string>()

  constructor(quorum: number) {
    this.quorum = quorum
  }

  /** Checks one certified entry against the books, command by command, and writes it down. `after` is the nodes' state. */
  certified(commands: readonly Command[], time: number, clock: number, after: VaultState): void {
    must(Math.abs(time - clock) <= 60_000, `an entry ${time - clock} ms off the clocks was certified`)
    for (const known of this.open.values()) if (known.deadline <= time) this.#end(known)
    for (const command of commands) this.#command(command, time, after)
  }

  #command(command: Command, time: number, after: VaultState): void {
    switch (command.type) {
      case 'start':
        this.#start(command, time, after)
        return
      case 'approve':
        this.#approve(command)
        return
      case 'cancel':
      case 'reject':
        this.#end(this.#open(command.operationId, 'pending'))
        return
      case 'execute':
        this.#execute(command, time, after)
        return
      case 'signed':
        this.#signed(command)
        return
      case 'createGroup':
        if (!this.groups.has(command.name)) this.groups.set(command.name, new Set())
        return
      case 'allocateAddress':
        this.ownAddress(after, command.masterKey, command.account, command.index)
        return
      case 'registerChain':
      case 'createSystemUser':
        return
      default:
        must(false, `the evil wallet got a ${command.type} certified`)
    }
  }

  #start({ operationId, intent: bytes }: CommandOf<'start'>, time: number, after: VaultState): void {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const intent: Seen = JSON.parse(text)
    must(JSON.stringify(intent) === text, `the intent of ${operationId} is not in the one canonical form`)
    must(intent.OperationID === operationId && !this.operations.has(operationId), `operation id ${operationId} twice`)
    must(
      Math.abs(Date.parse(intent.Timestamp) - time) <= 60_000,
      `a stale timestamp was certified: ${intent.Timestamp}`,
    )
    const initiator = intent.InitiatorID.toLowerCase()
    must(
      intent.InitiatorName === (this.users.get(initiator)?.name ?? ''),
      `InitiatorName ${intent.InitiatorName} is a lie`,
    )
    must(initiator === '' || this.users.has(initiator), `initiator ${initiator} does not exist`)
    if (money.includes(intent.OperationType)) this.#checkSigning(intent as Signing)
    const needs = this.needs(intent)
    const operation = after.operations.get(operationId)
    const hasFailed =
      operation?.failure?.code === 'blocked-by-policy' ||
      operation?.failure?.code === 'no-rate' ||
      operation?.failure?.code === 'opaque-refused'
    must(needs !== undefined || hasFailed, `${operationId} is blocked by a restriction, but was taken: ${text}`)
    const books = { approvals: new Map(), executions: new Map(), phase: 'pending', deadline: time + WEEK } as const
    const known: Known = { id: operationId, intent, bytes, needs: needs ?? [], ...books }
    this.operations.set(operationId, known)
    this.open.set(operationId, known)
    if (needs === undefined) this.#end(known)
  }

  /** What the server added must be true, or people approve a lie. */
  #checkSigning(intent: Signing): void {
    const shown = Object.keys(intent)
    const known = (fieldsOf[intent.OperationType] ?? '').split(' ')
    must(
      shown.every(field => known.includes(field)),
      `an unknown field was certified: ${shown}`,
    )
    const { MasterKeyName, AccountName, Address } = intent.Source
    const owner = this.own.get(Address.toLowerCase())
    must(
      owner?.masterKey === MasterKeyName && owner.account === AccountName,
      `${Address} is not of ${MasterKeyName}/${AccountName}`,
    )
    const caip2 = intent.CAIP19.split('/')[0] ?? ''
    must(intent.TestNetwork === this.testNetworks.has(caip2), `TestNetwork of ${caip2} is a lie`)
    must(intent.Asset === (this.tokens.get(intent.CAIP19)?.symbol ?? 'ETH'), `Asset ${intent.Asset} is a lie`)
    const effects = effectsOf(intent, this.tokens)
    must(intent.Function.Name === effects.function, `Function ${intent.Function.Name} is ${effects.function}`)
    for (const { Address: to, AccountName: account } of intent.Destination ?? [])
      must(account === undefined || this.own.get(to.toLowerCase())?.account === account, `${to} is not of ${account}`)
  }

  #approve({ operationId, userId, keyId, signature }: CommandOf<'approve'>): void {
    const known = this.#open(operationId, 'pending')
    const user = userId.toLowerCase()
    const key = this.users.get(user)?.key
    must(key !== undefined && key.id === toHex(keyId), `an approval by a key that ${user} does not have`)
    must(
      verify('sha256', known.bytes, { key: key.verifier, dsaEncoding: 'der' }, signature),
      `a forged approval of ${operationId}`,
    )
    must(known.approvals.get(user) !== key.id, `${user} counts twice for ${operationId}`)
    known.approvals.set(user, key.id)
  }

  #execute(command: CommandOf<'execute'>, time: number, after: VaultState): void {
    const { operationId, part, variant, transaction } = command
    const known = this.operations.get(operationId)
    must(
      known !== undefined && known.phase !== 'ended',
      `${operationId} was executed, which is ${known?.phase ?? 'unknown'}`,
    )
    const operation = after.operations.get(operationId)
    // A certified end: it does nothing.
    if (operation?.phase === 'failed') {
      this.#end(known)
      return
    }
    const missing = this.missing(known)
    must(
      missing === undefined,
      `${operationId} was executed although ${missing}: ${new TextDecoder().decode(known.bytes)}`,
    )
    known.deadline = time + WEEK
    if (!money.includes(known.intent.OperationType)) {
      must(known.phase === 'pending' && part === 0 && variant === 0, `${operationId} was executed twice`)
      this.#end(known)
      this.counts.administration++
      this.#perform(known.intent, after)
      return
    }
    known.phase = 'executing'
    const intent = known.intent as Signing
    const earlier = [...known.executions.keys()].filter(key => key.startsWith(`${part}/`)).length
    must(variant === earlier && variant < 16, `variant ${variant} of ${operationId} after ${earlier}`)
    const spent =
      intent.OperationType === 'generic signing'
        ? this.#message(known, transaction)
        : this.#transaction(known, part, transaction)
    const first = known.executions.get(`${part}/0`)
    must(
      first === undefined || first.slot === spent.slot,
      `${operationId} changes its slot ${first?.slot} to ${spent.slot} (I2)`,
    )
    for (const [key, other] of known.executions)
      must(
        key.startsWith(`${part}/`) || other.slot !== spent.slot,
        `two parts of ${operationId} in slot ${spent.slot} (I2)`,
      )
    const recorded = operation?.executions.find(one => one.part === part && one.variant === variant)
    must(
      recorded !== undefined && `0x${toHex(recorded.digest)}` === spent.digest,
      `the nodes would sign another digest for ${operationId} than ethers computes (I1)`,
    )
    known.executions.set(`${part}/${variant}`, spent)
    this.allowed.set(spent.digest, intent.Source.Address)
    this.counts.executions++
  }

  #message(known: Known, transaction: Uint8Array): Spent {
    must(
      transaction.length === 0 && known.executions.size === 0,
      `a message of ${known.id} with a transaction, or twice`,
    )
    return { slot: `message ${known.id}`, digest: messageDigest(known.intent as Signing), signed: false }
  }

  #transaction(known: Known, part: number, transaction: Uint8Array): Spent {
    const intent = known.intent as Signing
    const differs = difference(intent, effectsOf(intent, this.tokens), part, transaction)
    const shown = Buffer.from(transaction).toString('hex')
    must(
      differs === undefined,
      `what would be signed is not what was approved (I1): ${differs}: ${shown} for ${JSON.stringify(intent)}`,
    )
    const { digest, nonce } = transactionDigest(transaction)
    return { slot: `${intent.CAIP19.split('/')[0]}/${intent.Source.Address}/${nonce}`, digest, signed: false }
  }

  #signed({ operationId, part, variant, signature }: CommandOf<'signed'>): void {
    const known = this.operations.get(operationId)
    const spent = known?.executions.get(`${part}/${variant}`)
    must(known !== undefined && spent !== undefined, `a signature for nothing was certified: ${operationId}`)
    if (spent.signed) return
    this.checkSignature(spent.digest, signature, (known.intent as Signing).Source.Address)
    spent.signed = true
    const parts = new Set([...known.executions].filter(([, one]) => one.signed).map(([key]) => key.split('/')[0]))
    const wanted = known.intent.RawTransaction === undefined ? ((known.intent as Signing).Destination?.length ?? 1) : 1
    if (parts.size >= wanted) this.#end(known)
  }

  /** A signature of the vault's, whoever shows it: over an allowed digest, by the address that the intent names (I1). */
  checkSignature(digest: string, signature: Uint8Array, address: string): void {
    const hex = Buffer.from(signature).toString('hex')
    const [r, s, v] = [`0x${hex.slice(0, 64)}`, `0x${hex.slice(64, 128)}`, 27 + Number(`0x${hex.slice(128)}`)]
    must(this.allowed.get(digest) === address, `a signature over ${digest}, which nobody approved (I1)`)
    must(recoverAddress(digest, { r, s, v }) === address, `a signature over ${digest} is not one of ${address}`)
    this.counts.signatures++
  }

  #end(known: Known): void {
    known.phase = 'ended'
    this.open.delete(known.id)
  }

  #open(id: string, phase: Known['phase']): Known {
    const known = this.operations.get(id)
    must(known?.phase === phase, `a command for ${id} was certified, which is ${known?.phase ?? 'unknown'}`)
    return known
  }

  /** Requirements as they stand now; undefined: blocked. */
  needs(intent: Seen): Requirement[] | undefined {
    const initiator = intent.InitiatorID.toLowerCase()
    const signs = this.users.get(initiator)?.key !== undefined
    const needs: Requirement[] = []
    if (money.includes(intent.OperationType)) {
      needs.push(signs ? { user: initiator } : { groups: ['owner'], count: 1 })
      const more: Needs = restrictionNeeds(intent as Signing, effectsOf(intent as Signing, this.tokens), this)
      return more && [...needs, ...more]
    }
    const kind = classes[intent.OperationType]
    must(kind !== undefined, `an operation that this test does not know was certified: ${intent.OperationType}`)
    if (kind === 'free') return []
    if (signs) needs.push({ user: initiator })
    needs.push({ groups: ['owner'], count: kind === 'config' ? 1 : this.quorum })
    return needs
  }

  /** Why this may not be executed now: approvals whose key and membership are gone do not count. */
  missing(known: Known): string | undefined {
    const now = this.needs(known.intent)
    if (now === undefined) return 'a restriction blocks it'
    const valid = [...known.approvals]
      .filter(([user, key]) => this.users.get(user)?.key?.id === key)
      .map(([user]) => user)
    for (const requirement of [...known.needs, ...now]) {
      if ('user' in requirement) {
        if (!valid.includes(requirement.user)) return `${requirement.user} did not approve`
        continue
      }
      const members = valid.filter(user => requirement.groups.some(group => this.groups.get(group)?.has(user)))
      if (members.length < requirement.count)
        return `${requirement.groups} gave ${members.length} of ${requirement.count} approvals`
    }
    return undefined
  }

  #perform(intent: Seen, after: VaultState): void {
    switch (intent.OperationType) {
      case 'register user':
        must(!this.users.has(String(intent.UserID).toLowerCase()), `user ${intent.UserID} twice`)
        this.users.set(String(intent.UserID).toLowerCase(), { name: String(intent.UserName), key: undefined })
        return
      case 'set user public key':
        this.setKey(String(intent.UserID), Buffer.from(String(intent.PublicKey), 'base64'))
        return
      case 'update group': {
        const group = this.groups.get(String(intent.Group))
        must(group !== undefined, `group ${intent.Group} does not exist`)
        for (const user of intent.AddUsers as string[]) group.add(user.toLowerCase())
        for (const user of intent.RemoveUsers as string[]) group.delete(user.toLowerCase())
        const left = [...(this.groups.get('owner') ?? [])].filter(user => this.users.get(user)?.key !== undefined)
        must(left.length >= this.quorum, 'fewer owners than the quorum are left')
        return
      }
      case 'update transaction restriction': {
        const { Add, Delete } = intent as { Add?: Restriction; Delete?: Restriction }
        if (Delete !== undefined)
          must(this.restrictions.delete(Delete.RestrictionID), `no restriction ${Delete.RestrictionID}`)
        if (Add !== undefined) must(!this.restrictions.has(Add.RestrictionID), `restriction ${Add.RestrictionID} twice`)
        if (Add !== undefined) this.restrictions.set(Add.RestrictionID, Add)
        return
      }
      case 'create account': {
        const key = `${intent.MasterKey}/${intent.Name}`
        must(!this.accounts.has(key), `account ${key} twice`)
        const siblings = [...this.accounts.keys()].filter(other => other.startsWith(`${intent.MasterKey}/`))
        this.accounts.set(key, siblings.length)
        this.ownAddress(after, String(intent.MasterKey), String(intent.Name), 0)
        return
      }
      case 'register token': {
        const known = this.tokens.get(String(intent.CAIP19))
        const token = { symbol: String(intent.Symbol), decimals: Number(intent.Decimals) }
        must(
          known === undefined || JSON.stringify(known) === JSON.stringify(token),
          `${intent.CAIP19} changes its meaning`,
        )
        this.tokens.set(String(intent.CAIP19), token)
        return
      }
      default:
        must(false, `nobody wanted ${JSON.stringify(intent)}, and it was done`)
    }
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
    const theirs = JSON.stringify({
      keys: state.users
        .values()
        .flatMap(user =>
          user.systemRole === undefined && user.keyId !== undefined ? [`${user.id.toLowerCase()} ${user.keyId}`] : [],
        )
        .sort(),
      groups: state.groups
        .values()
        .map(({ name, members }) => `${name} ${[...members].sort()}`)
        .sort(),
      restrictions: state.restrictions.keys().sort(),
      open: state.pending.keys().sort(),
    })
    const ours = JSON.stringify({
      keys: [...this.users].flatMap(([id, { key }]) => (key === undefined ? [] : [`${id} ${key.id}`])).sort(),
      groups: [...this.groups].map(([name, members]) => `${name} ${[...members].sort()}`).sort(),
      restrictions: [...this.restrictions.keys()].sort(),
      open: [...this.open.keys()].sort(),
    })
    must(ours === theirs, `the books differ:\n${ours}\n${theirs}`)
  }
}
