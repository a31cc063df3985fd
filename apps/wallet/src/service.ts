import type {
  ClientEvent,
  ExactBodyOf,
  ExactPayloadOf,
  ExactResponseOf,
  QueryOf,
  StartSegment,
} from '@trivault/api-contract'

/** `Auditor` reads everything and changes nothing; the contract's closed enum shows it as Viewer. */
export type Role = 'Admin' | 'MarketOps' | 'Viewer' | 'AutomatedApprover' | 'Auditor'

/** Who calls, as the wallet believes. A convenience: no Policy Node looks at it. */
export type Caller = {
  /** E-mail of a user, or the identity of a system user. Compared without regard to letter case. */
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly kind: 'user' | 'system'
}

/** A stored API key: only its hash is kept. */
export type ApiKeyRecord = {
  /** SHA-256 of the key's UTF-8 bytes. */
  readonly hash: Uint8Array
  readonly caller: Caller
}

/** A start request that passed its schema. */
export type StartRequest = {
  readonly [S in StartSegment]: {
    readonly segment: S
    readonly payload: ExactPayloadOf<S>
    /** Absent: the wallet makes one. */
    readonly operationId?: string
    /** A claim: that person's device signs or nothing happens. */
    readonly initiatorId?: string
    /** The body as it was sent. */
    readonly rawBody: string
  }
}[StartSegment]

/** A dry run: of an operation that was started, or of a start request. */
export type PolicyTest = {
  readonly operationId?: string | undefined
  readonly start?: StartRequest | undefined
  /** A draft of all transaction restrictions. */
  readonly restrictions?: ExactResponseOf<'trivaultRestrictions'> | undefined
  readonly approvers?: readonly string[] | undefined
}

export type AuditExport = {
  /** Milliseconds since the epoch, both ends included. */
  readonly from: number
  readonly to: number
  readonly operationId?: string
  readonly columns?: readonly string[]
}

export type Unsubscribe = () => void

/**
 * The wallet's use cases, as the HTTP shell calls them. Inputs have passed their schemas; numbers of money and rates are
 * decimal text in both directions. Every method rejects with ServiceError for what the caller can mend; anything else is
 * an internal error.
 */
export type WalletService = {
  /** Looks an API key up by the SHA-256 of its bytes. */
  findApiKey(hash: Uint8Array): Promise<ApiKeyRecord | undefined>
  /** The user with this verified e-mail address, whatever its letter case. */
  findUser(email: string): Promise<Caller | undefined>

  /** Reasons why requests cannot be served now; empty when all is well. */
  readiness(): Promise<{ readonly database?: string; readonly other?: readonly string[] }>
  config(): Promise<ExactResponseOf<'viewConfig'>>
  tenantConfig(): Promise<ExactResponseOf<'viewTenantConfig'>>
  /** One-shot and resumable; afterwards `bad-request` "already populated". */
  setupTenant(caller: Caller, setup: ExactBodyOf<'setupDefaultTenant'>): Promise<void>

  users(filter: QueryOf<'getAllUsers'>): Promise<ExactResponseOf<'getAllUsers'>>
  userInfo(caller: Caller): Promise<ExactResponseOf<'getUserInfo'>>
  /** Starts `set user public key` for the user with this numeric id. */
  pairApprover(
    caller: Caller,
    request: ExactBodyOf<'pairAutomatedApprover'>,
  ): Promise<ExactResponseOf<'pairAutomatedApprover'>>
  /** The identity provider's word for a device key, into the log. */
  vouch(caller: Caller, request: ExactBodyOf<'trivaultVouch'>): Promise<void>
  userById(id: string): Promise<ExactResponseOf<'cwpgetUserById'>>
  listUsers(): Promise<ExactResponseOf<'cwplistUsers'>>
  groups(): Promise<ExactResponseOf<'cwpgetAllGroupMembers'>>
  groupMembers(group: string): Promise<ExactResponseOf<'cwplistGroupMembers'>>
  createGroup(caller: Caller, name: string): Promise<void>
  confirmers(filter: QueryOf<'getAllConfirmers'>): Promise<ExactResponseOf<'getAllConfirmers'>>
  createSystemUser(
    caller: Caller,
    request: ExactBodyOf<'createSystemUserEndpoint'>,
  ): Promise<ExactResponseOf<'createSystemUserEndpoint'>>
  deleteSystemUser(caller: Caller, id: number): Promise<void>

  configRestrictions(): Promise<ExactResponseOf<'cwpgetConfigRestrictions'>>
  policyRestrictions(): Promise<ExactResponseOf<'cwpgetPolicyRestrictions'>>
  transactionRestrictions(): Promise<ExactResponseOf<'cwpgetTransactionRestrictions'>>
  restrictionOperationTypes(kind: 'config' | 'policy' | 'transaction'): Promise<readonly string[]>
  transactionFunctionNames(): Promise<readonly string[]>

  listAccounts(): Promise<ExactResponseOf<'cwplistAccounts'>>
  address(caller: Caller, request: ExactBodyOf<'cwpgetAddressCAIP2'>): Promise<ExactResponseOf<'cwpgetAddressCAIP2'>>
  resolveAddress(address: string): Promise<ExactResponseOf<'cwpresolveAddress'>>
  onChainBalance(request: ExactBodyOf<'cwpgetOnChainBalance'>): Promise<ExactResponseOf<'cwpgetOnChainBalance'>>
  spendableBalance(request: ExactBodyOf<'cwpgetSpendableBalance'>): Promise<ExactResponseOf<'cwpgetSpendableBalance'>>

  /** Accounts as the gateway calls them, numbered from 1. */
  vaults(query: QueryOf<'getVaults'>): Promise<ExactResponseOf<'getVaults'>>
  vault(id: number): Promise<ExactResponseOf<'getVault'>>
  vaultAddresses(id: number, caip19: string): Promise<ExactResponseOf<'getAddressOfAsset'>>

  listChains(): Promise<ExactResponseOf<'cwplistChains'>>
  registerKnownChain(caller: Caller, caip2: string): Promise<void>
  listTokens(): Promise<ExactResponseOf<'cwplistTokens'>>
  assetInfos(filter: ExactBodyOf<'cwpsearchAssetInfos'>): Promise<ExactResponseOf<'cwpsearchAssetInfos'>>

  start(caller: Caller, request: StartRequest): Promise<ExactResponseOf<'cwpstartMakeTransaction'>>
  searchOperations(request: ExactBodyOf<'cwpsearchOperationInfos'>): Promise<ExactResponseOf<'cwpsearchOperationInfos'>>
  operationStatus(operationId: string): Promise<ExactResponseOf<'cwpgetOperationStatus'>>
  approvalStatus(operationId: string): Promise<ExactResponseOf<'cwpgetOperationApprovalStatus'>>
  /** The stored intent's exact JSON text, sent as it is. */
  intent(operationId: string): Promise<string>
  cancel(caller: Caller, operationId: string, cancelledBy: string | undefined): Promise<void>

  pendingApprovals(caller: Caller): Promise<ExactResponseOf<'cwplistPendingApprovals'>>
  approve(caller: Caller, operationId: string, signature: Uint8Array): Promise<void>
  /** `reason`: in the caller's own words, or empty. */
  reject(caller: Caller, operationId: string, reason: string): Promise<void>
  /** Calls `listener` for each event that concerns the caller until unsubscribed. */
  subscribe(caller: Caller, listener: (event: ClientEvent) => void): Unsubscribe

  /** @returns a zip archive. */
  auditExport(request: AuditExport): Promise<Uint8Array>
  verdicts(caller: Caller, operationId: string): Promise<ExactResponseOf<'trivaultOperationVerdicts'>>
  logEntries(range: QueryOf<'trivaultLogEntries'>): Promise<ExactResponseOf<'trivaultLogEntries'>>
  pins(): Promise<ExactResponseOf<'trivaultPins'>>
  nodes(): Promise<ExactResponseOf<'trivaultNodes'>>

  vaultFacts(): Promise<ExactResponseOf<'trivaultVault'>>
  devices(): Promise<ExactResponseOf<'trivaultDevices'>>
  activity(): Promise<ExactResponseOf<'trivaultActivity'>>
  auditRows(page: QueryOf<'trivaultAuditRows'>): Promise<ExactResponseOf<'trivaultAuditRows'>>
  /** @returns the file that proves the newest signature of a part. */
  receipt(operationId: string, part: number): Promise<Uint8Array>
  timeline(operationId: string): Promise<ExactResponseOf<'trivaultOperationTimeline'>>

  /** Anyone may bring a statement; what counts is the owner's signature. */
  hold(request: ExactBodyOf<'trivaultHold'>): Promise<ExactResponseOf<'trivaultHold'>>
  settings(): Promise<ExactResponseOf<'trivaultSettings'>>
  extendedRestrictions(): Promise<ExactResponseOf<'trivaultRestrictions'>>
  policyTest(caller: Caller, request: PolicyTest): Promise<ExactResponseOf<'trivaultPolicyTest'>>
}

export type ServiceErrorCode =
  /** 400: the request cannot be done as it stands; the message says what to do. */
  | 'bad-request'
  /** 403 */
  | 'forbidden'
  /** 404 */
  | 'not-found'
  /** 409: the state does not allow it. */
  | 'conflict'
  /** 429 */
  | 'too-many-requests'
  /** 503: something needed is down; trying again later may help. */
  | 'unavailable'

/** What a caller is told: the status by `code`, the words by `message`. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: ServiceErrorCode
  /** Code of the M series, shown as `errorCode`. */
  readonly errorCode: string | undefined
  /** Shown as `data`. */
  readonly data: Readonly<Record<string, unknown>> | undefined

  /** @param message shown to the caller: says what to do, holds no secret. */
  constructor(
    code: ServiceErrorCode,
    message: string,
    options: { cause?: unknown; errorCode?: string; data?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.errorCode = options.errorCode
    this.data = options.data
  }
}
