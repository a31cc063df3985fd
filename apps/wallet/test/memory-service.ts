import { createHash } from 'node:crypto'
import type { ClientEvent } from '@trivault/api-contract'
import { type Caller, type Role, ServiceError, type StartRequest, type WalletService } from '../src/service.ts'

export const keyOf = (role: Role): string => `cwp_${role.toLowerCase()}-0123456789abcdef`

export const hash = 'ab'.repeat(32)
const head = { Seq: 3, Hash: hash }
const known = 'op-1'

const find = (operationId: string): void => {
  if (operationId !== known) throw new ServiceError('not-found', `operation ${operationId} is not known`)
}

export type MemoryService = WalletService & {
  readonly started: { caller: Caller; request: StartRequest }[]
  readonly calls: unknown[][]
  readonly emit: (event: ClientEvent) => void
  readonly listeners: () => number
  failWith: unknown
  notReady: readonly string[]
}

/** A wallet of fixed answers that remembers what it was asked. */
export function createMemoryService(users: readonly Caller[] = []): MemoryService {
  const started: MemoryService['started'] = []
  const calls: unknown[][] = []
  const listeners = new Set<(event: ClientEvent) => void>()
  const roles: readonly Role[] = ['Admin', 'MarketOps', 'Viewer', 'AutomatedApprover', 'Auditor']
  const keys = new Map(
    roles.map(role => {
      const digest = createHash('sha256').update(keyOf(role)).digest()
      const caller: Caller = { id: `${role.toLowerCase()}@example.com`, name: role, role, kind: 'system' }
      return [digest.toString('hex'), { hash: new Uint8Array(digest), caller }]
    }),
  )
  const user = { ID: 'alice@example.com', Name: 'Alice', Active: true }
  const account = { Name: 'treasury', MasterKey: 'Default', IsExternal: false }
  const vault = {
    ID: 1,
    Name: 'treasury',
    Assets: [],
    Balance: { AvailableUSD: '1', OnChainUSD: '1', PendingUSD: '0' },
    ColdVault: false,
    CreatedAt: '2026-11-22T12:00:00.000Z',
    CreatedBy: 'alice@example.com',
    Hidden: false,
    State: 'VaultCreationSuccess' as const,
  }
  const legacyUsers = async () => ({ SystemUsers: [], Users: [] })
  const approvers = [{ Groups: ['owner'], RequiredApprovers: 1 }]

  const service: MemoryService = {
    started,
    calls,
    failWith: undefined,
    notReady: [],
    emit: event => {
      for (const listener of listeners) listener(event)
    },
    listeners: () => listeners.size,

    findApiKey: async digest => keys.get(Buffer.from(digest).toString('hex')),
    findUser: async email => users.find(caller => caller.id === email.toLowerCase()),
    readiness: async () => ({ other: service.notReady }),
    config: async () => ({
      RedirectLink: '',
      InstanceName: 'test',
      Mode: 'on-prem',
      HostURL: '',
      OAuthAudience: '',
      OAuthDomain: '',
      OAuthClientIdApproverApp: '',
      OAuthClientIdWebApp: '',
      Version: '0.1.0',
    }),
    tenantConfig: async () => ({
      TenantId: 'default',
      Feature: { StakeEth: false },
      IsTestnet: true,
      MasterKeyBackupPerformed: false,
    }),
    setupTenant: async (caller, setup) => {
      calls.push(['setupTenant', caller, setup])
      if (setup.Group === 'again') throw new ServiceError('bad-request', 'the tenant is already populated')
    },
    users: async filter => {
      calls.push(['users', filter])
      return legacyUsers()
    },
    userInfo: async caller => ({ Name: caller.name, Email: caller.id, Role: caller.role, Status: 'Active' }),
    vouch: async () => undefined,
    pairApprover: async () => ({ ID: known }),
    userById: async () => user,
    listUsers: async () => [user],
    groups: async () => ({ owner: ['alice@example.com'] }),
    groupMembers: async () => [user],
    createGroup: async () => undefined,
    confirmers: legacyUsers,
    createSystemUser: async () => ({ ApiKey: 'cwp_new', UserID: 7 }),
    deleteSystemUser: async (_caller, id) => {
      if (id !== 7) throw new ServiceError('not-found', `there is no system user ${id}`)
    },
    configRestrictions: async () => [{ RestrictionID: 'c1', Approvers: approvers }],
    policyRestrictions: async () => [{ RestrictionID: 'p1', Approvers: approvers }],
    transactionRestrictions: async () => [
      { RestrictionID: 't1', Approvers: approvers, Amount: { Above: '0.10000000000000000001', Currency: 'USD' } },
    ],
    restrictionOperationTypes: async kind => [kind],
    transactionFunctionNames: async () => ['transfer'],
    listAccounts: async () => [account],
    address: async (_caller, request) => {
      calls.push(['address', request])
      return { Address: '0x00000000000000000000000000000000000000aa' }
    },
    resolveAddress: async () => {
      throw new ServiceError('not-found', 'unknown address')
    },
    onChainBalance: async ({ CAIP19 }) => ({ CAIP19, Symbol: 'ETH', ChainName: 'Dev', Amount: '1.5' }),
    spendableBalance: async ({ CAIP19 }) => ({ CAIP19, Symbol: 'ETH', ChainName: 'Dev', Amount: '1.25' }),
    vaults: async query => {
      calls.push(['vaults', query])
      return { TotalCount: 1, Vaults: [vault] }
    },
    vault: async id => {
      if (id !== 1) throw new ServiceError('not-found', `no vault with id ${id}`)
      return { Vault: vault }
    },
    vaultAddresses: async () => ({ Addresses: [], IsAccountBased: true, SupportSubAddresses: true }),
    listChains: async () => [{ ChainName: 'Dev', TestNet: true, CAIP2: 'eip155:31337' }],
    registerKnownChain: async () => undefined,
    listTokens: async () => [],
    assetInfos: async () => [],

    start: async (caller, request) => {
      if (service.failWith !== undefined) throw service.failWith
      started.push({ caller, request })
      return { OperationID: request.operationId ?? known }
    },
    searchOperations: async request => {
      calls.push(['search', request])
      return {
        Infos: [
          {
            OperationID: known,
            OperationType: 'make transaction',
            Status: 'Pending approval',
            CreatedTime: '2026-11-22T12:00:00Z',
          },
        ],
        PaginationToken: '',
      }
    },
    operationStatus: async id => {
      find(id)
      return {
        Status: 'Succeeded',
        Result: { Transaction: { ID: '0x12', SignedTransaction: '0x02' } },
      }
    },
    approvalStatus: async id => {
      find(id)
      return { ApprovedBy: [], PendingApprovals: ['alice@example.com'] }
    },
    intent: async id => {
      find(id)
      return '{"OperationType":"create master key","OperationID":"op-1","Timestamp":"2026-11-22T12:00:00Z", "Name":"Default"}'
    },
    cancel: async (caller, id, cancelledBy) => {
      calls.push(['cancel', caller.id, id, cancelledBy])
      if (id === 'op-final') throw new ServiceError('conflict', 'the operation is final')
      find(id)
    },
    pendingApprovals: async () => [{ OperationID: known, OperationType: 'make transaction', Intent: 'e30=' }],
    approve: async (caller, id, signature) => {
      calls.push(['approve', caller.id, id, signature])
      find(id)
    },
    reject: async (caller, id) => {
      calls.push(['reject', caller.id, id])
      find(id)
    },
    subscribe: (_caller, listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    auditExport: async request => {
      calls.push(['audit', request])
      return Uint8Array.of(0x50, 0x4b, 5, 6)
    },
    verdicts: async (_caller, id) => {
      find(id)
      return { OperationID: id, Verdicts: [], Missing: [0, 1, 2] }
    },
    logEntries: async range => {
      calls.push(['log', range])
      return { Entries: [{ Seq: 1, Entry: 'AA==', Certificate: 'AQ==' }], Head: head }
    },
    pins: async () => ({ VaultID: hash, Pins: '{}' }),
    vaultFacts: async () => ({
      VaultID: hash,
      FoundingMode: 'open',
      OwnerGroup: 'owner',
      OwnersRequired: 2,
      MasterKeys: [],
      Rates: [{ Asset: 'ETH', USDRate: '0.10000000000000000001' }],
    }),
    devices: async () => [],
    activity: async () => ({ Operations: [] }),
    auditRows: async page => {
      calls.push(['auditRows', page])
      return { Rows: [] }
    },
    receipt: async id => {
      find(id)
      return Uint8Array.of(1, 2, 3)
    },
    timeline: async id => {
      find(id)
      return { OperationID: id, Steps: [] }
    },
    hold: async request => {
      calls.push(['hold', request])
      return { Nodes: [{ Node: 0, Held: true }] }
    },
    settings: async () => ({
      PendingExpirySeconds: 604_800,
      LooseningDelaySeconds: 0,
      NoSelfApproval: false,
      MoneyDefault: 'owner quorum',
      HoldCounters: [],
    }),
    extendedRestrictions: async () => [],
    policyTest: async (caller, request) => {
      calls.push(['policyTest', caller, request])
      return { Intent: '{}', Needs: [], Unmet: [], Restrictions: [], HeldUp: [] }
    },
    nodes: async () => ({
      VaultID: hash,
      Sealed: false,
      Head: head,
      Nodes: [{ Index: 0, IdentityKey: 'cd'.repeat(32), Online: true, Head: head }],
    }),
  }
  return service
}
