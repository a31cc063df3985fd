import Type from 'typebox'
import { closed, int64, list, oneOf, open, operationId, timestamp } from './base.ts'
import { OperationTypeName } from './operations.ts'

const { String: string, Integer: integer } = Type
const hash = () => Type.String({ pattern: '^[0-9a-f]{64}$', description: '64 lower-case hex digits' })

/** What the certified log says of the vault as a whole. */
export const VaultFacts = open('trivaultVaultFacts', {
  VaultID: hash(),
  FoundingMode: oneOf('trivaultFoundingMode', ['open', 'identity', 'pinned']),
  OwnerGroup: Type.Optional(Type.String({ description: 'absent until the tenant is set up' })),
  OwnersRequired: integer({ minimum: 0, description: 'approvals of owners that make their quorum' }),
  SealedAt: Type.Optional(timestamp()),
  MasterKeys: Type.Array(
    open('trivaultMasterKey', {
      Name: string(),
      Status: oneOf('', ['requested', 'active']),
      Epoch: integer({ minimum: 0, description: 'refreshes of its shares' }),
      Accounts: integer({ minimum: 0 }),
      BackedUp: Type.Boolean({ description: 'all three nodes verified the backups of all shares' }),
    }),
  ),
  Rates: Type.Array(
    open('trivaultRate', {
      Asset: string(),
      USDRate: Type.Optional(Type.Number()),
      USDMin: Type.Optional(Type.Number()),
      USDMax: Type.Optional(Type.Number()),
    }),
  ),
})

export const Devices = Type.Array(
  open('trivaultDevice', {
    KeyID: hash(),
    UserID: string(),
    Active: Type.Boolean({ description: 'counts as its user; otherwise replaced, reset or deleted' }),
    Channel: oneOf('trivaultDeviceChannel', ['app', 'cli', 'automated']),
    VouchedAt: Type.Optional({ ...timestamp(), description: 'when the identity provider vouched for it' }),
  }),
  { title: 'trivaultDevices' },
)

/** The newest operations, for a plot. */
export const Activity = open('trivaultActivity', {
  Operations: list(
    open('trivaultOperationTimes', {
      OperationID: operationId(),
      OperationType: OperationTypeName,
      CreatedAt: timestamp(),
      FinishedAt: Type.Optional(timestamp()),
      Outcome: oneOf('', ['open', 'succeeded', 'failed']),
      SigningMilliseconds: Type.Optional({
        ...int64(),
        description: 'log time from the order to sign to the last signature',
      }),
    }),
  ),
})

export const AuditRowsQuery = closed('', {
  before: Type.Optional({ ...int64(), description: 'only entries before this sequence number' }),
  entries: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: 'how many entries; default 50' })),
})
export const AuditRows = open('trivaultAuditRows', {
  Rows: Type.Array(
    open('trivaultAuditRow', {
      Seq: int64(),
      Index: integer({ minimum: 0 }),
      Time: timestamp(),
      EntryHash: hash(),
      Command: string(),
      OperationID: string(),
      OperationType: string(),
      User: string(),
      Detail: Type.String({ description: 'what the command says, as JSON' }),
    }),
    { description: 'newest first' },
  ),
  Before: Type.Optional({ ...int64(), description: 'ask for the rows before; absent: there are none' }),
})

/** Every step of an operation in order: from the certified log, and what the wallet knows of the chain. */
export const OperationTimeline = open('trivaultOperationTimeline', {
  OperationID: operationId(),
  Steps: Type.Array(
    open('trivaultOperationStep', {
      Kind: oneOf('trivaultStepKind', [
        'received',
        'started',
        'approved',
        'rejected',
        'executed',
        'signed',
        'done',
        'failed',
        'handing over',
        'sent',
        'confirmed',
        'refused by the chain',
      ]),
      At: Type.Optional(timestamp()),
      By: Type.Optional(Type.String({ description: 'the user concerned' })),
      Part: Type.Optional(integer({ minimum: 0, description: 'of an operation with several transactions' })),
      Parts: Type.Optional(integer({ minimum: 1 })),
      Note: Type.Optional(Type.String({ description: 'transaction hash, or the reason of a failure' })),
    }),
  ),
  ExpiresAt: Type.Optional(timestamp()),
  WaitsUntil: Type.Optional({ ...timestamp(), description: 'approved, but a loosening delay is not over' }),
})

export const ReceiptQuery = closed('', {
  part: Type.Optional(Type.Integer({ minimum: 0, maximum: 255, description: 'of several transactions; default 0' })),
})
export const ReceiptFile = open('trivaultReceiptFile', {
  file: Type.String({ description: 'the receipt as base64; verify it with: trivault receipt verify' }),
})
