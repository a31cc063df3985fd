import { statuses } from '@trivault/protocol'
import Type, { type Static, type TObject, type TProperties } from 'typebox'
import { base64, closed, list, oneOf, open, operationId, optionalText, text, timestamp, userId } from './base.ts'
import { foundingEpoch, foundingRecord } from './founding.ts'
import { type OperationSegment, type OperationType, payloads } from './payloads.ts'

const segments = Object.keys(payloads) as OperationSegment[]

/** Path segment of a start route → type name in intents, searches and events. */
export const operationTypeOf = Object.fromEntries(segments.map(s => [s, payloads[s].type])) as {
  readonly [S in OperationSegment]: (typeof payloads)[S]['type']
}

const segmentByType: ReadonlyMap<string, OperationSegment> = new Map(segments.map(s => [payloads[s].type, s]))

/** @returns the path segment of an operation type name; undefined for a retired or unknown name. */
export const segmentOf = (type: string): OperationSegment | undefined => segmentByType.get(type)

/** Types that no longer can be started but may stand in stored data. */
export const retiredOperationTypes = [
  'add ERC20 asset',
  'add SPL token',
  'add canton token',
  'get address',
  'transfer',
  'call smart contract',
  'deploy smart contract',
  'register blockchain network',
  'unregister blockchain network',
] as const

const typeNames: readonly string[] = [...retiredOperationTypes, ...segments.map(s => payloads[s].type)]
export const OperationTypeName = Type.Unsafe<OperationType | (typeof retiredOperationTypes)[number]>(
  oneOf('cwpOperationTypeName', typeNames),
)

const startMetadata = {
  OperationID: Type.Optional(operationId()),
  InitiatorID: Type.Optional(userId()),
}

/** Body of a start route: payload and metadata as one closed object. */
const startBody = <P extends TProperties>(name: string, properties: P, rules: object | undefined) =>
  closed(name, { ...properties, ...startMetadata }, rules ?? {})

const startName = (segment: string) => `cwp${segment.charAt(0).toUpperCase()}${segment.slice(1)}StartRequest`

type StartBodies = {
  readonly [S in OperationSegment]: (typeof payloads)[S]['properties'] extends infer P extends TProperties
    ? TObject<P & typeof startMetadata>
    : never
}
export const startBodies = Object.fromEntries(
  segments.map(segment => {
    const payload: { properties: TProperties; rules?: object } = payloads[segment]
    return [segment, startBody(startName(segment), payload.properties, payload.rules)]
  }),
) as unknown as StartBodies

/** Fields that the wallet adds to the intents that sign something. */
const functionField = { Function: Type.Optional(closed('cwpTransactionFunctionSpec', { Name: optionalText() })) }
const enrichment: { readonly [S in OperationSegment]?: TProperties } = {
  makeTransaction: { DecodedRawTransaction: Type.Optional(Type.String({ readOnly: true })), ...functionField },
  genericSigning: functionField,
  seal: foundingRecord,
  foundAgain: foundingEpoch,
}

const intents = segments.map(segment => {
  const { type, intent, properties }: { type: string; intent: string; properties: TProperties } = payloads[segment]
  return closed(intent, {
    InitiatorID: Type.Optional(Type.String()),
    InitiatorName: Type.Optional(Type.String({ readOnly: true })),
    OperationType: Type.Literal(type),
    OperationID: operationId(),
    Timestamp: Type.String({ format: 'date-time', readOnly: true }),
    ...properties,
    ...enrichment[segment],
  })
})

/** A stored intent. Its exact bytes, not this reading of them, are what approvers sign. */
export type Intent = {
  readonly OperationType: string
  readonly OperationID: string
  readonly InitiatorID?: string
  readonly InitiatorName?: string
  readonly Timestamp: string
  readonly [field: string]: unknown
}
export const IntentItem = Type.Unsafe<Intent>({
  title: 'cwpIntentItem',
  oneOf: intents,
  discriminator: {
    propertyName: 'OperationType',
    mapping: Object.fromEntries(segments.map(s => [payloads[s].type, `#/components/schemas/${payloads[s].intent}`])),
  },
})

export const StartOperationResponse = closed('cwpStartOperationResponse', { OperationID: operationId() })

export const OperationStatusName = oneOf('cwpStatus', statuses)
export type OperationStatusName = Static<typeof OperationStatusName>

const KeyBackup = closed('cwpKeyBackup', {
  Type: oneOf('', ['ECDSA_SECP256K1', 'EdDSA_Ed25519']),
  Backup: base64(16_777_216),
})
const IndexedAddress = closed('cwpAddress', { Encoding: text(), Index: Type.Integer() })
const TransactionResult = closed('cwpTransaction', {
  ID: optionalText(),
  CantonContractID: optionalText(),
  SignedTransaction: optionalText(1_048_576),
  Fee: Type.Optional(Type.String({ deprecated: true })),
  SenderAddresses: Type.Optional(list(IndexedAddress, { deprecated: true })),
  BlockChainTransaction: Type.Optional({ ...base64(1_048_576), deprecated: true }),
})

export const OperationResult = closed('cwpResult', {
  Backup: Type.Optional(list(KeyBackup)),
  ReceiveAddress: Type.Optional(IndexedAddress),
  Transaction: Type.Optional(TransactionResult),
  TransactionBatch: Type.Optional(list(base64(1_048_576))),
  GenericSignature: Type.Optional(
    closed('cwpSignedMessage', { Signature: Type.Optional(base64(4096)), Message: optionalText(1_048_576) }),
  ),
  ConsolidationData: Type.Optional(
    closed('cwpConsolidationData', {
      Data: text(1_048_576),
      EIP7702Authorizations: Type.Optional(list(base64(2048))),
      EIP7702AuthorizationsForReset: Type.Optional(list(base64(2048))),
    }),
  ),
})

export const ErrorDetails = open('cwpErrorDetails', {
  Status: OperationStatusName,
  ErrorCode: text(),
  Properties: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  Timestamp: Type.Optional(timestamp()),
})

export const OperationStatus = closed('cwpOperationStatus', {
  Status: OperationStatusName,
  ErrorDetails: Type.Optional(ErrorDetails),
  Result: Type.Optional(OperationResult),
})

const userIds = () => Type.Optional(list(Type.String()))
export const OperationApprovalStatus = closed('cwpOperationApprovalStatus', {
  ApprovedBy: userIds(),
  RejectedBy: userIds(),
  PendingApprovals: userIds(),
})

export const SearchOperationInfosRequest = closed('cwpSearchOperationInfosRequest', {
  Filter: Type.Optional(
    closed('cwpOperationFilter', {
      OperationIDs: Type.Optional(list(operationId())),
      OperationTypes: Type.Optional(list(OperationTypeName)),
      Statuses: Type.Optional(list(OperationStatusName)),
    }),
  ),
  Pagination: Type.Optional(
    closed('cwpPagination', {
      Size: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
      Token: optionalText(512),
    }),
  ),
})

export const OperationInfo = closed('cwpOperationInfo', {
  OperationID: text(),
  OperationType: OperationTypeName,
  Status: OperationStatusName,
  InitiatorID: Type.Optional(Type.String()),
  CreatedTime: timestamp(),
  ErrorCode: Type.Optional(Type.String()),
})
export const SearchOperationInfosResponse = closed('cwpSearchOperationInfosResponse', {
  Infos: Type.Array(OperationInfo),
  PaginationToken: Type.String(),
})

export const PendingApprovals = Type.Array(
  closed('cwpPendingApproval', {
    OperationID: operationId(),
    OperationType: OperationTypeName,
    Intent: base64(1_048_576),
  }),
)
export const ApproveRequest = closed('cwpApproveRequest', { OperationID: operationId(), IntentSignature: base64(256) })
export const RejectRequest = closed('cwpRejectRequest', {
  OperationID: operationId(),
  Reason: Type.Optional({ ...text(200), description: 'why, in the own words of whoever rejects; kept in the log' }),
})
export const CancelRequest = closed('cwpCancelRequest', { cancelledBy: optionalText() })

export const ClientEvent = Type.Union(
  [
    closed('cwpOperationStatusUpdateEvent', {
      Type: Type.Literal('operation_status_update'),
      Payload: closed('', { OperationID: operationId(), OperationType: OperationTypeName }),
    }),
    closed('cwpApproverOnboardedEvent', {
      Type: Type.Literal('approver_onboarded'),
      Payload: closed('', { UserID: Type.String() }),
    }),
  ],
  { title: 'cwpClientEvent' },
)
export type ClientEvent = Static<typeof ClientEvent>
