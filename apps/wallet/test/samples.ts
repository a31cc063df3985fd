import type { BodyOf, OperationId, ParamsOf, QueryOf } from '@trivault/api-contract'

const source = { MasterKeyName: 'Default', AccountName: 'treasury' }
const eth = 'eip155:1/slip44:60'

type Sample<K extends OperationId> = {
  readonly params?: ParamsOf<K>
  readonly query?: QueryOf<K>
  readonly body?: BodyOf<K>
}

const operation = { params: { operationID: 'op-1' } }
const balance = { body: { MasterKey: 'Default', Account: 'treasury', CAIP19: eth } }

/** One good request for every route. */
export const samples: { readonly [K in OperationId]: Sample<K> } = {
  health: {},
  ready: {},
  viewConfig: {},
  viewTenantConfig: {},
  listTenants: {},
  setupDefaultTenant: {
    body: {
      Users: [{ ID: 'alice@example.com', Name: 'Alice' }],
      Group: 'owner',
      Rates: [{ Asset: 'ETH', USDRate: 3000.5 }],
      ApprovalsRequired: 1,
      MasterKeysAndAccounts: { Default: ['treasury'] },
      Assets: { CAIP2s: ['eip155:31337'] },
    },
  },
  getAllUsers: { query: { user_type: 'approver' } },
  getUserInfo: {},
  pairAutomatedApprover: { body: { UserID: 3, PublicKey: 'BAEC' } },
  cwpgetUserById: { body: { ID: 'alice@example.com' } },
  cwplistUsers: {},
  cwpgetAllGroupMembers: {},
  cwplistGroupMembers: { body: { GroupName: 'owner' } },
  cwpstartRegisterUser: { body: { UserID: 'bob@example.com', UserName: 'Bob', InitiatorID: 'alice@example.com' } },
  trivaultVouch: {
    body: {
      UserID: 'bob@example.com',
      PublicKey: Buffer.alloc(65, 4).toString('base64'),
      Channel: 'cli',
      IDToken: 'e30.e30.AA',
      IssuerKey: { kty: 'EC', x: 'A'.repeat(43), y: 'A'.repeat(43) },
      Proof: 'AAAA',
    },
  },
  cwpstartSeal: { body: {} },
  cwpstartFoundAgain: { body: {} },
  cwpstartSetIssuerKeys: { body: { Thumbprints: ['0'.repeat(64)] } },
  cwpstartSetUserPublicKey: { body: { UserID: 'bob@example.com', PublicKey: 'BAEC' } },
  cwpstartDeleteUser: { body: { UserID: 'bob@example.com' } },
  cwpstartResetUser: { body: { UserID: 'bob@example.com', UserName: 'Bob' } },
  getAllConfirmers: { query: { role: 'Admin' } },
  createSystemUserEndpoint: { body: { Name: 'bot', Role: 'Viewer' } },
  deleteSystemUserEndpoint: { params: { id: 7 } },
  cwpcreateGroup: { body: { Name: 'traders' } },
  cwpstartUpdateGroup: { body: { Group: 'traders', AddUsers: ['bob@example.com'] } },
  cwpstartRenameGroup: { body: { OldName: 'traders', NewName: 'desk' } },
  cwpstartUpdateConfigRestriction: { body: { Add: { RestrictionID: 'config', Approvers: [] } } },
  cwpstartUpdatePolicyRestriction: { body: { Delete: { RestrictionID: 'policy' } } },
  cwpstartUpdateRates: { body: { Updates: [{ Asset: 'ETH', USDMin: 1000.25, USDMax: 5000 }] } },
  cwpstartUpdateTransactionRestriction: {
    body: {
      Add: {
        RestrictionID: 'large',
        Approvers: [{ Groups: ['owner'], RequiredApprovers: 2 }],
        Amount: { Above: 1000.5, Currency: 'USD' },
        Destination: { Except: [{ Address: '0x00' }, source] },
        ExternalDestination: {},
        TestNetwork: false,
      },
    },
  },
  cwpgetConfigRestrictions: {},
  cwpgetPolicyRestrictions: {},
  cwpgetTransactionRestrictions: {},
  cwpgetOperationTypesForConfig: {},
  cwpgetOperationTypesForPolicy: {},
  cwpgetOperationTypesForTransaction: {},
  cwpgetRestrictionTransactionFunctionNames: {},
  cwplistAccounts: {},
  cwpstartBackupMasterKey: { body: { Name: 'Default' } },
  cwpstartCreateMasterKey: { body: { Name: 'Default' } },
  cwpstartCreateAccount: { body: { Name: 'treasury', MasterKey: 'Default' } },
  cwpstartSetErsPublicKey: { body: { Key: 'MAA=' } },
  getVaults: { query: { page: 1, pageSize: 20, partial: true } },
  getVault: { params: { id: 1 } },
  getAddressOfAsset: { params: { id: 1, caip19: eth } },
  cwpstartAttachMasterKey: { body: { Name: 'Cold', ExternalPairingMessages: [{ Value: 'AA==' }] } },
  cwpstartCreateBatch: { body: { MasterKey: 'Cold' } },
  cwpstartFinishCurrentBatch: { body: { MasterKey: 'Cold' } },
  cwpstartDeleteCurrentBatch: { body: { MasterKey: 'Cold' } },
  cwpgetAddressCAIP2: { body: { MasterKey: 'Default', CAIP2: 'eip155:1', Account: 'treasury' } },
  cwpresolveAddress: { body: { Address: '0x00' } },
  cwpgetOnChainBalance: balance,
  cwpgetSpendableBalance: balance,
  cwplistChains: {},
  cwpregisterKnownChain: { body: { CAIP2: 'eip155:1' } },
  cwplistTokens: {},
  cwpsearchAssetInfos: { body: { Symbol: 'ETH' } },
  cwpstartUnregisterToken: { body: { CAIP19: 'eip155:1/erc20:0xaa' } },
  cwpstartUnregisterChain: { body: { CAIP2: 'eip155:1' } },
  cwpstartRegisterToken: { body: { CAIP19: 'eip155:1/erc20:0xaa', Symbol: 'USDX', Decimals: 6 } },
  cwpstartRegisterCustomChain: {
    body: { ChainName: 'Dev', TestNet: true, CAIP19: 'eip155:31337/slip44:60', NativeAssetSymbol: 'ETH' },
  },
  cwpstartMakeTransaction: {
    body: {
      OperationID: 'mine-1',
      InitiatorID: 'alice@example.com',
      Source: source,
      CAIP19: eth,
      Destination: [{ Address: '0x00000000000000000000000000000000000000aa', Amount: '0.25' }],
      EVM: { MaxFeePerGas: '2000000000' },
    },
  },
  cwpstartGenericSigning: {
    body: { Asset: 'ETH', DataToSign: '0x00', TypeOfSigning: 'personal_sign', Source: source },
  },
  cwpsearchOperationInfos: { body: { Filter: { Statuses: ['Failed'] }, Pagination: { Size: 10 } } },
  cwpgetOperationStatus: operation,
  cwpgetOperationApprovalStatus: operation,
  cwpgetOperationIntent: operation,
  cwpcancelOperationDelete: operation,
  cwpcancelOperation: { ...operation, body: { cancelledBy: 'alice' } },
  cancelOperation: { params: { id: 'op-1' } },
  cwplistPendingApprovals: {},
  cwpapproveOperation: { body: { OperationID: 'op-1', IntentSignature: 'MAYCAQECAQE=' } },
  cwprejectOperation: { body: { OperationID: 'op-1' } },
  cwpsubscribeToEvents: {},
  ExportAudit: { query: { start_date: '2026-01-01', end_date: '2026-12-31' } },
  trivaultOperationVerdicts: operation,
  trivaultLogEntries: { query: { from: 1, to: 2 } },
  trivaultPins: {},
  trivaultNodes: {},
  trivaultVault: {},
  trivaultDevices: {},
  trivaultActivity: {},
  trivaultAuditRows: { query: { entries: 10, before: 5 } },
  trivaultOperationTimeline: operation,
  trivaultReceipt: { ...operation, query: { part: 0 } },
  trivaultHold: {
    body: { Kind: 'freeze', Counter: 1, KeyID: '00'.repeat(32), Signature: 'MAYCAQECAQE=' },
  },
  trivaultSettings: {},
  cwpstartUpdateSettings: { body: { NoSelfApproval: true, MoneyDefault: 'owner quorum' } },
  cwpstartUnfreeze: { body: {} },
  cwpstartRefreshMasterKey: { body: { Name: 'Default' } },
  trivaultRestrictions: {},
  trivaultStartUpdateTransactionRestriction: {
    body: {
      Add: {
        RestrictionID: 'daily',
        Approvers: [{ Groups: ['owner'], RequiredApprovers: 1 }],
        Velocity: { Limit: 10.5, Currency: 'ETH', Per: 'source', WindowSeconds: 86_400 },
      },
    },
  },
  trivaultPolicyTest: {
    body: {
      Segment: 'createAccount',
      Request: { Name: 'a', MasterKey: 'Default' },
      Restrictions: [],
      Approvers: ['alice@example.com'],
    },
  },
}
