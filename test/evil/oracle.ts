import { verify } from 'node:crypto'
import { toHex } from '@trivault/codec'
import type { Command, CommandOf } from '@trivault/protocol'
import type { VaultState } from '@trivault/vault-state'
import { recoverAddress } from 'ethers'
import { Books, type Known, money, type Spent } from './books.ts'
import { isTightening, perform } from './changes.ts'
import {
  difference,
  effectsOf,
  holdBytes,
  messageDigest,
  type Seen,
  type Signing,
  transactionDigest,
} from './effects.ts'
import { must } from './violation.ts'

const blocks = ['blocked-by-policy', 'no-rate', 'velocity-exceeded', 'opaque-refused']
/** After an execution. */
const WEEK = 7 * 24 * 3600 * 1000
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
export class Oracle extends Books {
  readonly operations = new Map<string, Known>()
  vaultId = new Uint8Array(32)
  readonly counts = { executions: 0, signatures: 0, administration: 0, holds: 0, waits: 0 }
  /** By device. */
  readonly #holdCounters = new Map<string, number>()
  /** Digests that may be signed, to the address that must have signed. */
  readonly allowed = new Map<string, string>()

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
      case 'hold':
        this.#hold(command)
        return
      case 'createGroup':
        if (!this.groups.has(command.name)) this.groups.set(command.name, new Set())
        return
      case 'allocateAddress':
        this.ownAddress(after, command.masterKey, command.account, command.index)
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
    const hasFailed = blocks.includes(operation?.failure?.code ?? '')
    must(needs !== undefined || hasFailed, `${operationId} is blocked by a restriction, but was taken: ${text}`)
    const books = {
      approvals: new Map(),
      executions: new Map(),
      phase: 'pending',
      deadline: time + this.settings.expiry,
    } as const
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
      if (this.#waits(known, time)) {
        must(operation?.phase === 'pending', `a loosening acted at once: ${known.intent.OperationType}`)
        return
      }
      this.#end(known)
      this.counts.administration++
      perform(this, known.intent, after)
      return
    }
    const intent = known.intent as Signing
    must(this.freeze === undefined, `${operationId} was executed in a frozen vault`)
    if (known.phase === 'pending') {
      must(this.velocity(intent, time) !== 'never', `${operationId} goes beyond a velocity limit (I5)`)
      this.spend(intent, time)
    }
    known.phase = 'executing'
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

  /** The first execution of an approved loosening only begins its delay. */
  #waits(known: Known, time: number): boolean {
    const { delay, expiry } = this.settings
    const isLoosening = this.classOf(known.intent) === 'authority' && !isTightening(this, known.intent)
    if (delay === 0 || !isLoosening) return false
    if (known.waits === undefined) {
      this.counts.waits++
      known.waits = time + delay
      known.deadline = known.waits + expiry
      return true
    }
    must(time >= known.waits, `a loosening acted before its time: ${known.intent.OperationType}`)
    return false
  }

  /** One owner stops the vault, or an operation. */
  #hold({ vaultId, kind, operationId, counter, keyId, signature }: CommandOf<'hold'>): void {
    const owner = [...(this.groups.get(this.ownerGroup) ?? [])].find(
      user => this.users.get(user)?.key?.id === toHex(keyId),
    )
    const key = owner === undefined ? undefined : this.users.get(owner)?.key
    must(owner !== undefined && key !== undefined, 'a hold by somebody who is no owner was certified')
    const message = holdBytes(this.vaultId, kind, operationId, counter)
    const isSigned = verify('sha256', message, { key: key.verifier, dsaEncoding: 'der' }, signature)
    must(Buffer.from(vaultId).equals(this.vaultId) && isSigned, 'a forged hold was certified')
    must(counter > (this.#holdCounters.get(key.id) ?? 0), 'a hold was certified twice')
    this.#holdCounters.set(key.id, counter)
    this.counts.holds++
    if (kind === 'freeze') this.freeze = ++this.freezes
    else {
      const known = this.operations.get(operationId)
      must(known !== undefined && known.phase !== 'ended', `${operationId} was vetoed, which has ended`)
      this.#end(known)
    }
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
}
