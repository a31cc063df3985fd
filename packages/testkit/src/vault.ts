import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { HDKey } from '@scure/bip32'
import { encodeTransaction, evmChainId, familyOf, requestParts } from '@trivault/chains'
import { concat, equalBytes, toBase64, utf8 } from '@trivault/codec'
import type { StoredEntry } from '@trivault/ledger'
import {
  type Command,
  type CommandOf,
  type Curve,
  curves,
  encodeCommand,
  type FoundingEpoch,
  foundingEpochDigest,
  type Genesis,
  holdMessage,
  type Intent,
  type IntentOf,
  type KeyReport,
  type OperationType,
  possessionMessage,
  type SignedReports,
  sha256,
  VaultError,
  vaultIdOf,
} from '@trivault/protocol'
import {
  type Application,
  addressOf,
  assetOf,
  chainContext,
  foundingRecord,
  keyReportDigest,
  operationOf,
  ownAddress,
  pathOf,
  requestOf,
  type Execution as SigningExecution,
  transactionRequest,
  type VaultMachine,
  type VaultState,
  vaultMachine,
} from '@trivault/vault-state'
import { certify } from './certify.ts'
import { deriveScalar, ed25519PublicKey, scalarOf, signEd25519 } from './ed25519-key.ts'
import { type Claims, claimsFor, issuerKeyOf, signToken, type TestKey } from './issuer.ts'
import { Person } from './person.ts'
import { chainCodeOf, masterSecretOf, seedOf, setupCommand, startCommand, testGenesis } from './vault-values.ts'

type Fields<T extends OperationType> = Omit<
  IntentOf<T>,
  'OperationType' | 'OperationID' | 'InitiatorID' | 'InitiatorName' | 'Timestamp'
>
type Metadata = { id?: string; initiator?: string; timestamp?: string }
type Execution = { part?: number; variant?: number }

const devEther = 'eip155:31337/slip44:60'
/**
 * The real fold, fed by hand: each `apply` is one entry. Knows every secret, so it can sign as any person and, instead of
 * the joint protocol, as any key of the vault.
 */
export class TestVault {
  readonly genesis: Genesis
  readonly machine: VaultMachine
  readonly log: { time: number; commands: Uint8Array[] }[] = []
  state: VaultState
  time = Date.parse('2026-01-02T03:04:05.000Z')
  #operations = 0

  constructor(genesis: Genesis = testGenesis()) {
    this.genesis = genesis
    this.machine = vaultMachine(genesis)
    this.state = this.machine.initial()
  }

  /** Owners alice and bob with keys, a user carol without, one active master key with the account "treasury", sealed. */
  static founded(options: { approvalsRequired?: number; genesis?: Genesis } = {}): TestVault {
    const vault = new TestVault(options.genesis)
    vault.setup({ approvalsRequired: options.approvalsRequired ?? 1 })
    vault.activate('Default')
    const [alice, bob] = [vault.person('alice'), vault.person('bob')]
    vault.pair(alice)
    vault.pair(bob, ...(vault.state.sealedAt === undefined ? [] : [alice]))
    return vault
  }

  person(name: string, device = 1): Person {
    return new Person(`${name}@example.com`, device)
  }

  get seq(): number {
    return this.log.length
  }
  /** What the machine says to `commands` in one entry, without keeping it. */
  try(...commands: Command[]): Application {
    return this.#fold(commands.map(encodeCommand), this.time + 1000)
  }

  /** Appends one entry. Throws `VaultError` when a command is refused. */
  apply(...commands: Command[]): void {
    const raw = commands.map(encodeCommand)
    const time = this.time + 1000
    const folded = this.#fold(raw, time)
    if (!folded.ok) throw new VaultError(folded.code, folded.message)
    this.state = folded.state
    this.time = time
    this.log.push({ time, commands: raw })
  }

  #fold(commands: readonly Uint8Array[], time: number): Application {
    let folded: Application = { ok: true, state: this.machine.begin(this.state, time), outcome: new Uint8Array(0) }
    for (const [index, command] of commands.entries()) {
      if (!folded.ok) break
      folded = this.machine.apply(folded.state, command, { seq: this.seq + 1, time, index })
    }
    return folded
  }

  setup(changes: Partial<CommandOf<'setup'>> = {}): void {
    this.apply(setupCommand(changes))
  }

  /** Gives a person's device its place; free before the seal, afterwards the owners approve. */
  pair(person: Person, ...approvers: Person[]): string {
    const id = this.start(
      this.intent('set user public key', { UserID: person.id, PublicKey: toBase64(person.publicKey) }),
    )
    this.approve(id, ...approvers)
    this.execute(id)
    return id
  }

  /** What a person's device and the provider's key say for the device; `claims` changes the token. */
  vouching(
    person: Person,
    key: TestKey,
    claims: Claims = {},
    changes: Partial<CommandOf<'vouch'>> = {},
  ): CommandOf<'vouch'> {
    const { state, genesis, time } = this
    const payload = JSON.stringify(claimsFor({ genesis, vaultId: state.vaultId }, person, time, claims))
    const header = JSON.stringify({ alg: key.alg, kid: key.kid, typ: 'JWT' })
    const unproven: CommandOf<'vouch'> = {
      type: 'vouch',
      userId: person.id,
      publicKey: person.publicKey,
      channel: 'cli',
      idToken: signToken(key, header, payload),
      issuerKey: issuerKeyOf(key),
      proof: new Uint8Array(0),
      ...changes,
    }
    return {
      ...unproven,
      proof: changes.proof ?? person.sign(possessionMessage({ ...unproven, vaultId: state.vaultId })),
    }
  }

  /** New owners as all three nodes state them. */
  endorsement(epoch: FoundingEpoch, vaultId: Uint8Array = this.state.vaultId): CommandOf<'endorse'> {
    const digest = foundingEpochDigest(vaultId, epoch)
    return { type: 'endorse', ...epoch, signatures: [0, 1, 2].map(node => ed25519.sign(digest, seedOf(node))) }
  }

  /** The founding record as an intent, ready to be started. */
  sealIntent(changes: Partial<Fields<'seal'>> = {}): Intent {
    return this.intent('seal', { ...foundingRecord(this.state), ...changes })
  }

  /** The reports of both curves; `changes` apply to the one of `curve`. */
  keyReports(
    name: string,
    changes: Partial<KeyReport> = {},
    curve: Curve = 'ECDSA_SECP256K1',
  ): CommandOf<'activateKey'> {
    return { type: 'activateKey', keys: curves.map(one => this.#signedReport(name, one, one === curve ? changes : {})) }
  }

  #signedReport(name: string, curve: Curve, changes: Partial<KeyReport>): SignedReports {
    const key = this.state.masterKeys.get(name)
    const epoch = key?.status === 'active' ? key.epoch + 1 : 0
    const point = (secret: Uint8Array) =>
      curve === 'ECDSA_SECP256K1' ? secp256k1.getPublicKey(secret, true) : ed25519PublicKey(scalarOf(secret))
    const report: KeyReport = {
      vaultId: vaultIdOf(this.genesis),
      masterKey: name,
      curve,
      ersFingerprint: this.genesis.ersFingerprint,
      publicKey: point(masterSecretOf(name)),
      publicShares: [0, 1, 2].map(node => point(sha256(utf8(`share ${name} ${epoch} ${node}`)))),
      chainCode: chainCodeOf(name),
      transcriptHash: sha256(utf8(`transcript ${name} ${curve} ${epoch}`)),
      epoch,
      operationId: (key && requestOf(key)) ?? '',
      backupHashes: [0, 1, 2].map(node => sha256(utf8(`backup ${name} ${curve} ${epoch} ${node}`))),
      ...changes,
    }
    const signatures = [0, 1, 2].map(node => ed25519.sign(keyReportDigest(report), seedOf(node)))
    return { report, signatures }
  }

  activate(name: string): void {
    this.apply(this.keyReports(name))
  }

  intent<T extends OperationType>(type: T, fields: Fields<T>, metadata: Metadata = {}): Intent {
    const initiator = metadata.initiator ?? ''
    this.#operations++
    return {
      OperationType: type,
      OperationID: metadata.id ?? `op-${this.#operations}`,
      InitiatorID: initiator,
      InitiatorName: this.state.users.get(initiator.toLowerCase())?.name ?? '',
      Timestamp: metadata.timestamp ?? new Date(this.time).toISOString(),
      ...fields,
    } as unknown as Intent
  }

  /** Starts an operation and returns its id. */
  start(intent: Intent): string {
    this.apply(startCommand(intent))
    return intent.OperationID
  }

  /** A transfer from the account "treasury". Amounts in ether. */
  transferIntent(
    destinations: readonly { Address: string; Amount: string }[],
    metadata: Metadata = {},
    changes: Partial<Fields<'make transaction'>> = {},
  ): Intent {
    return this.intent(
      'make transaction',
      {
        ChainName: 'Local dev chain',
        CAIP19: devEther,
        Asset: 'ETH',
        TestNetwork: true,
        Source: this.#treasury(),
        Destination: [...destinations],
        Function: { Name: 'transfer' },
        EVM: { Gas: '21000', MaxFeePerGas: '2000000000', MaxPriorityFeePerGas: '1000000000' },
        ...changes,
      },
      metadata,
    )
  }

  messageIntent(text: string, metadata: Metadata = {}): Intent {
    return this.intent(
      'generic signing',
      {
        ChainName: 'Local dev chain',
        CAIP19: devEther,
        Asset: 'ETH',
        TestNetwork: true,
        DataToSign: text,
        TypeOfSigning: 'personal_sign',
        Source: this.#treasury(),
        Function: { Name: 'personal sign' },
      },
      metadata,
    )
  }

  #treasury(): Fields<'make transaction'>['Source'] {
    const { masterKey, account, index, address } = addressOf(this.state, 'Default', 'treasury', 60, 0)
    return { MasterKeyName: masterKey, AccountName: account, AddressIndex: index, Address: address }
  }

  approval(operationId: string, person: Person, signedOperation = operationId): CommandOf<'approve'> {
    const { intentBytes } = operationOf(this.state, signedOperation)
    return {
      type: 'approve',
      operationId,
      userId: person.id,
      keyId: person.keyId,
      signature: person.sign(intentBytes),
    }
  }

  approve(operationId: string, ...people: Person[]): void {
    for (const person of people) this.apply(this.approval(operationId, person))
  }

  /** A freeze, or with an operation a veto, by a person's device. */
  hold(person: Person, counter: number, operationId = ''): CommandOf<'hold'> {
    const kind = operationId === '' ? 'freeze' : 'veto'
    const statement = { vaultId: this.state.vaultId, kind, operationId, counter } as const
    return { type: 'hold', ...statement, keyId: person.keyId, signature: person.sign(holdMessage(statement)) }
  }

  /** Honest unsigned bytes of one part of a transaction, with `changes`. */
  unsigned(
    operationId: string,
    {
      part = 0,
      ...changes
    }: { part?: number; nonce?: bigint; maxFeePerGas?: bigint; value?: bigint; to?: string } = {},
  ): Uint8Array {
    const { intent } = operationOf(this.state, operationId)
    if (intent.OperationType !== 'make transaction') return new Uint8Array(0)
    const request = transactionRequest(this.state, intent)
    if (request.kind === 'raw') return request.unsigned
    const { chain } = assetOf(this.state, intent.CAIP19)
    const wanted = requestParts(request, chainContext(this.state, chain.caip2))[part]
    if (wanted === undefined) throw new Error(`the intent has no part ${part}`)
    return encodeTransaction({
      transactionType: 2,
      chainId: evmChainId(chain.caip2),
      gas: request.gas,
      maxPriorityFeePerGas: request.maxPriorityFeePerGas,
      to: wanted.to,
      value: wanted.value,
      data: wanted.data,
      nonce: wanted.nonce ?? BigInt(part),
      maxFeePerGas: request.maxFeePerGas,
      ...changes,
    })
  }

  execution(operationId: string, { part = 0, variant = 0 }: Execution = {}, transaction?: Uint8Array): Command {
    return {
      type: 'execute',
      operationId,
      part,
      variant,
      transaction: transaction ?? this.unsigned(operationId, { part }),
    }
  }

  execute(operationId: string, execution: Execution = {}, transaction?: Uint8Array): void {
    this.apply(this.execution(operationId, execution, transaction))
  }

  /** The signature that the three nodes would make for what is executed. */
  signature(operationId: string, { part = 0, variant = 0 }: Execution = {}): Command {
    const operation = operationOf(this.state, operationId)
    const execution = operation.executions.find(item => item.part === part && item.variant === variant)
    const { intent } = operation
    if (execution === undefined || !('Source' in intent)) throw new Error('nothing is executed')
    return { type: 'signed', operationId, part, variant, signature: this.sign(execution, intent.Source.Address) }
  }

  sign({ digest, message }: Pick<SigningExecution, 'digest' | 'message'>, address: string): Uint8Array {
    const own = ownAddress(this.state, address)
    if (own === undefined) throw new Error(`${address} is not an address of the vault`)
    if (familyOf(own.slip44) === 'solana') {
      const secret = scalarOf(masterSecretOf(own.masterKey))
      return signEd25519(deriveScalar(secret, chainCodeOf(own.masterKey), pathOf(this.state, own)), message)
    }
    let key = new HDKey({ privateKey: masterSecretOf(own.masterKey), chainCode: chainCodeOf(own.masterKey) })
    for (const step of pathOf(this.state, own)) key = key.deriveChild(step)
    if (key.privateKey === null || !equalBytes(key.publicKey ?? digest, own.publicKey))
      throw new Error('wrong derivation')
    const signature = secp256k1.sign(digest, key.privateKey, { prehash: false, format: 'recovered' })
    return concat(signature.subarray(1), signature.subarray(0, 1))
  }

  /** Executes and signs every part. */
  finish(operationId: string): void {
    const { intent } = operationOf(this.state, operationId)
    const signs = intent.OperationType === 'make transaction' || intent.OperationType === 'generic signing'
    const parts = intent.OperationType === 'make transaction' ? Math.max(1, intent.Destination.length) : 1
    for (let part = 0; part < parts; part++) {
      this.execute(operationId, { part })
      if (signs) this.apply(this.signature(operationId, { part }))
    }
  }

  /** Everything applied so far as certified entries, voted for by the three test identities. */
  certified(): Promise<StoredEntry[]> {
    return certify(this.genesis, this.machine, this.log)
  }
}
