import Type from 'typebox'
import {
  caip2,
  closed,
  entityName,
  entityNamePattern,
  exactNumber,
  int64,
  list,
  oneOf,
  open,
  optionalText,
  text,
  userId,
} from './base.ts'

const { String: string, Boolean: boolean } = Type

export const UserRole = oneOf('UserRole', ['Admin', 'MarketOps', 'Viewer', 'AutomatedApprover'])
const systemRoles = () => oneOf('SystemUserRole', ['Admin', 'MarketOps', 'Viewer'])
const UserState = oneOf('UserState', [
  'New',
  'PendingApproval',
  'PendingConfirmation',
  'PendingOnboarding',
  'Active',
  'PendingReset',
  'PendingResetConfirmation',
  'PendingResetApproval',
  'PendingDeletion',
  'PendingDeletionConfirmation',
  'PendingDeletionApproval',
  'Deleted',
])

export const HealthResponse = open('HealthResponse', {
  DatabaseHealth: open('DatabaseHealth', { ErrorMessage: Type.Optional(string()), Healthy: boolean() }),
  Healthy: boolean(),
})

export const ConfigResponse = open('ConfigResponse', {
  RedirectLink: string(),
  InstanceName: string(),
  Mode: oneOf('', ['on-prem', 'on-cloud']),
  HostURL: string(),
  OAuthAudience: string(),
  OAuthDomain: string(),
  OAuthClientIdApproverApp: string(),
  OAuthClientIdWebApp: string(),
  Version: string(),
})

const feature = () => Type.Optional(boolean())
export const TenantConfigResponse = open('TenantConfigResponse', {
  TenantId: string(),
  Feature: open('Feature', {
    BlockExplorer: feature(),
    ColdStorage: feature(),
    CwpWsEvents: feature(),
    DevTools: feature(),
    EnhancedAudits: feature(),
    PolicyV2UI: feature(),
    StakeEth: boolean(),
    TxnRiskAssessment: feature(),
    HideInstitutionalFeatures: feature(),
    OmniBus: feature(),
    CantonContractManagement: feature(),
    Tokenization: feature(),
  }),
  SelectableValidatorAssets: Type.Optional(Type.Array(string())),
  IsTestnet: boolean(),
  MasterKeyBackupPerformed: boolean(),
})

export const TenantSetup = closed('CwpSetupStateParams', {
  Users: Type.Optional(
    list(closed('CwpUser', { ID: userId(), Name: Type.String({ minLength: 1, maxLength: 256 }) }), { maxItems: 100 }),
  ),
  Group: Type.Optional(entityName()),
  Rates: Type.Optional(
    list(
      closed('CwpRateUpdate', {
        Asset: text(),
        USDRate: Type.Optional(exactNumber()),
        USDMin: Type.Optional(exactNumber()),
        USDMax: Type.Optional(exactNumber()),
      }),
    ),
  ),
  ApprovalsRequired: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  MasterKeysAndAccounts: Type.Optional(
    Type.Unsafe<Record<string, string[]>>({
      type: 'object',
      description: 'master key name to account names',
      maxProperties: 64,
      propertyNames: { pattern: entityNamePattern, maxLength: 128 },
      additionalProperties: list(entityName(), { maxItems: 256 }),
    }),
  ),
  Assets: Type.Optional(closed('CwpEnabledAssetConfig', { CAIP2s: Type.Optional(list(caip2())) })),
})

export const SystemUser = open('SystemUser', {
  CreatedAt: string(),
  Id: int64(),
  MpaId: Type.Optional(string()),
  Name: string(),
  Role: systemRoles(),
  State: UserState,
  WalletPublicKey: string(),
})
export const LegacyUser = open('User', {
  AsyncOperationID: Type.Optional(string()),
  CreatedAt: string(),
  Id: int64(),
  IdpUserId: string(),
  Name: string(),
  Role: UserRole,
  State: UserState,
})
export const GetUsersResponse = open('GetUsersResponse', {
  SystemUsers: Type.Array(SystemUser),
  Users: Type.Array(LegacyUser),
})
export const GetUserInfoResponse = open('GetUserInfoResponse', {
  Name: string(),
  Email: Type.Optional(string()),
  Role: UserRole,
  Status: UserState,
})
export const UsersQuery = closed('', { user_type: Type.Optional(oneOf('', ['approver', 'system_user'])) })
export const ConfirmersQuery = closed('', { role: Type.Optional(UserRole) })

export const PairRequest = closed('PairAutomatedApproverRequest', { UserID: int64(), PublicKey: text(256) })
export const PairResponse = open('PairAutomatedApproverResponse', { ID: string() })

export const CreateSystemUserRequest = closed('CreateSystemUserRequest', {
  Confirmer: optionalText(),
  Name: Type.String({ maxLength: 254, pattern: '[A-Za-z0-9]', description: 'a name with letters or digits' }),
  Role: oneOf('', ['Admin', 'MarketOps', 'Viewer', 'Auditor']),
})
export const SystemUserCreatedResponse = open('SystemUserCreatedResponse', {
  ApiKey: Type.String({ description: 'shown once; only its hash is kept' }),
  UserID: int64(),
})
export const DeleteSystemUserResponse = open('DeleteSystemUserResponse', {})

const date = () =>
  Type.String({
    maxLength: 40,
    pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?(Z|[+-]\\d{2}:\\d{2}))?$',
    description: 'a date (2026-01-31) or a time with zone (2026-01-31T12:00:00Z)',
  })
export const AuditQuery = closed('', {
  start_date: date(),
  end_date: date(),
  operation_id: optionalText(96),
  columns: optionalText(1024),
})
export const AuditFileResponse = open('AuditFileResponse', {
  file: Type.Optional(string({ description: 'the zip archive as base64' })),
})
