import {
  type ExactBodyOf,
  type ExactResponseOf,
  type OperationId,
  type ParamsOf,
  type QueryOf,
  type routes,
  type StartOperationId,
  startProblems,
} from '@trivault/api-contract'
import { operationTypeOf } from '@trivault/protocol'
import { type Caller, ServiceError, type StartRequest, type WalletService } from '../service.ts'
import { badRequest } from './errors.ts'

/** An answer that is sent as it is. */
export class RawAnswer {
  readonly contentType: string
  readonly content: string | Uint8Array

  constructor(contentType: string, content: string | Uint8Array) {
    this.contentType = contentType
    this.content = content
  }
}

type Input<K extends OperationId> = {
  readonly caller: (typeof routes)[K]['access'] extends 'public' ? undefined : Caller
  readonly params: ParamsOf<K>
  readonly query: QueryOf<K>
  readonly body: ExactBodyOf<K>
  readonly rawBody: string
  /** Does the client prefer this media type over JSON? */
  readonly accepts: (mediaType: string) => boolean
}

// biome-ignore lint/suspicious/noConfusingVoidType: the type argument of a promise
type Answer<K extends OperationId> = ExactResponseOf<K> extends undefined ? void : ExactResponseOf<K> | RawAnswer

/** Every route with a request and an answer; the WebSocket is not one. */
export type HandledId = Exclude<OperationId, 'cwpsubscribeToEvents'>

export type Handlers = { readonly [K in HandledId]: (input: Input<K>) => Promise<Answer<K>> }

type StartBody = { readonly OperationID?: string; readonly InitiatorID?: string }

/** The body was checked against the schema of this segment. */
function startRequest(segment: string, body: StartBody, rawBody: string): StartRequest {
  const { OperationID, InitiatorID, ...payload } = body
  const request = { segment, payload, rawBody } as unknown as StartRequest
  return {
    ...request,
    ...(OperationID !== undefined && { operationId: OperationID }),
    ...(InitiatorID !== undefined && { initiatorId: InitiatorID }),
  }
}

/** Throws `HttpError` 400. */
function checkStart(segment: string, body: unknown): void {
  const problems = startProblems(segment, body)
  if (problems === undefined || operationTypeOf(segment) === undefined)
    throw new ServiceError('bad-request', `Segment: no operation ${segment} can be started`)
  if (problems.length > 0) throw badRequest(problems)
}

/** Joins the routes to the wallet's use cases. */
export function createHandlers(service: WalletService): Handlers {
  const start =
    (segment: StartRequest['segment']) =>
    ({ caller, body, rawBody }: Input<StartOperationId>) =>
      service.start(caller, startRequest(segment, body, rawBody))

  return {
    health: async () => healthOf((await service.readiness()).database),
    ready: async () => {
      const { database, other = [] } = await service.readiness()
      const reasons = [...(database ? [database] : []), ...other]
      if (reasons.length > 0) throw new ServiceError('unavailable', `not ready: ${reasons.join('; ')}`)
      return healthOf(undefined)
    },
    viewConfig: () => service.config(),
    viewTenantConfig: () => service.tenantConfig(),
    listTenants: async () => ['default'],
    setupDefaultTenant: ({ caller, body }) => service.setupTenant(caller, body),

    getAllUsers: ({ query }) => service.users(query),
    getUserInfo: ({ caller }) => service.userInfo(caller),
    pairAutomatedApprover: ({ caller, body }) => service.pairApprover(caller, body),
    cwpgetUserById: ({ body }) => service.userById(body.ID),
    cwplistUsers: () => service.listUsers(),
    cwpgetAllGroupMembers: () => service.groups(),
    cwplistGroupMembers: ({ body }) => service.groupMembers(body.GroupName),
    cwpstartRegisterUser: start('registerUser'),
    cwpstartSetUserPublicKey: start('setUserPublicKey'),
    cwpstartDeleteUser: start('deleteUser'),
    cwpstartResetUser: start('resetUser'),
    trivaultVouch: ({ caller, body }) => service.vouch(caller, body),
    cwpstartSeal: start('seal'),
    cwpstartFoundAgain: start('foundAgain'),
    cwpstartSetIssuerKeys: start('setIssuerKeys'),
    getAllConfirmers: ({ query }) => service.confirmers(query),
    createSystemUserEndpoint: ({ caller, body }) => service.createSystemUser(caller, body),
    deleteSystemUserEndpoint: async ({ caller, params }) => {
      await service.deleteSystemUser(caller, params.id)
      return {}
    },
    cwpcreateGroup: ({ caller, body }) => service.createGroup(caller, body.Name),
    cwpstartUpdateGroup: start('updateGroup'),
    cwpstartRenameGroup: start('renameGroup'),

    cwpstartUpdateTransactionRestriction: start('updateTransactionRestriction'),
    cwpstartUpdateConfigRestriction: start('updateConfigRestriction'),
    cwpstartUpdatePolicyRestriction: start('updatePolicyRestriction'),
    cwpstartUpdateRates: start('updateRates'),
    cwpgetConfigRestrictions: () => service.configRestrictions(),
    cwpgetPolicyRestrictions: () => service.policyRestrictions(),
    cwpgetTransactionRestrictions: () => service.transactionRestrictions(),
    cwpgetOperationTypesForConfig: async () => [...(await service.restrictionOperationTypes('config'))],
    cwpgetOperationTypesForPolicy: async () => [...(await service.restrictionOperationTypes('policy'))],
    cwpgetOperationTypesForTransaction: async () => [...(await service.restrictionOperationTypes('transaction'))],
    cwpgetRestrictionTransactionFunctionNames: async () => [...(await service.transactionFunctionNames())],

    cwplistAccounts: () => service.listAccounts(),
    cwpstartBackupMasterKey: start('backupMasterKey'),
    cwpstartCreateMasterKey: start('createMasterKey'),
    cwpstartCreateAccount: start('createAccount'),
    cwpstartSetErsPublicKey: start('setErsPublicKey'),
    getVaults: ({ query }) => service.vaults(query),
    getVault: ({ params }) => service.vault(params.id),
    getAddressOfAsset: ({ params }) => service.vaultAddresses(params.id, params.caip19),
    cwpstartAttachMasterKey: start('attachMasterKey'),
    cwpstartCreateBatch: start('createBatch'),
    cwpstartFinishCurrentBatch: start('finishCurrentBatch'),
    cwpstartDeleteCurrentBatch: start('deleteCurrentBatch'),
    cwpgetAddressCAIP2: ({ caller, body }) => service.address(caller, body),
    cwpresolveAddress: ({ body }) => service.resolveAddress(body.Address),
    cwpgetOnChainBalance: ({ body }) => service.onChainBalance(body),
    cwpgetSpendableBalance: ({ body }) => service.spendableBalance(body),
    cwplistChains: () => service.listChains(),
    cwpregisterKnownChain: ({ caller, body }) => service.registerKnownChain(caller, body.CAIP2),
    cwplistTokens: () => service.listTokens(),
    cwpsearchAssetInfos: ({ body }) => service.assetInfos(body),
    cwpstartRegisterToken: start('registerToken'),
    cwpstartUnregisterToken: start('unregisterToken'),
    cwpstartRegisterCustomChain: start('registerCustomChain'),
    cwpstartUnregisterChain: start('unregisterChain'),

    cwpstartMakeTransaction: start('makeTransaction'),
    cwpstartGenericSigning: start('genericSigning'),
    cwpsearchOperationInfos: ({ body }) => service.searchOperations(body),
    cwpgetOperationStatus: ({ params }) => service.operationStatus(params.operationID),
    cwpgetOperationApprovalStatus: ({ params }) => service.approvalStatus(params.operationID),
    cwpgetOperationIntent: async ({ params }) => new RawAnswer(json, await service.intent(params.operationID)),
    cwpcancelOperationDelete: ({ caller, params }) => service.cancel(caller, params.operationID, undefined),
    cwpcancelOperation: ({ caller, params, body }) => service.cancel(caller, params.operationID, body.cancelledBy),
    cancelOperation: ({ caller, params }) => service.cancel(caller, params.id, undefined),

    cwplistPendingApprovals: ({ caller }) => service.pendingApprovals(caller),
    cwpapproveOperation: ({ caller, body }) =>
      service.approve(caller, body.OperationID, Buffer.from(body.IntentSignature, 'base64')),
    cwprejectOperation: ({ caller, body }) => service.reject(caller, body.OperationID, body.Reason ?? ''),

    ExportAudit: async ({ query, accepts }) => {
      const from = Date.parse(query.start_date)
      const to = endOf(query.end_date)
      if (!(from <= to))
        throw new ServiceError('bad-request', 'start_date and end_date must be days that exist, in order')
      const zip = await service.auditExport({
        from,
        to,
        ...(query.operation_id !== undefined && { operationId: query.operation_id }),
        ...(query.columns !== undefined && { columns: query.columns.split(',') }),
      })
      if (accepts('application/zip')) return new RawAnswer('application/zip', zip)
      return { file: Buffer.from(zip).toString('base64') }
    },
    trivaultOperationVerdicts: ({ caller, params }) => service.verdicts(caller, params.operationID),
    trivaultLogEntries: ({ query }) => service.logEntries(query),
    trivaultPins: () => service.pins(),
    trivaultNodes: () => service.nodes(),

    trivaultVault: () => service.vaultFacts(),
    trivaultDevices: () => service.devices(),
    trivaultActivity: () => service.activity(),
    trivaultAuditRows: ({ query }) => service.auditRows(query),
    trivaultOperationTimeline: ({ params }) => service.timeline(params.operationID),

    trivaultReceipt: async ({ params, query }) => {
      const file = await service.receipt(params.operationID, query.part ?? 0)
      return { file: Buffer.from(file).toString('base64') }
    },

    trivaultHold: ({ body }) => service.hold(body),
    trivaultSettings: () => service.settings(),
    cwpstartUpdateSettings: start('updateSettings'),
    cwpstartUnfreeze: start('unfreeze'),
    cwpstartRefreshMasterKey: start('refreshMasterKey'),
    trivaultRestrictions: () => service.extendedRestrictions(),
    trivaultStartUpdateTransactionRestriction: ({ caller, body, rawBody }) =>
      service.start(caller, startRequest('updateTransactionRestriction', body, rawBody)),
    trivaultPolicyTest: async ({ caller, body, rawBody }) => {
      const { OperationID, Segment, Request, Restrictions, Approvers } = body
      if (Segment !== undefined) checkStart(Segment, JSON.parse(rawBody).Request)
      return service.policyTest(caller, {
        operationId: OperationID,
        start: Segment === undefined ? undefined : startRequest(Segment, Request ?? {}, rawBody),
        restrictions: Restrictions,
        approvers: Approvers,
      })
    },
  }
}

const json = 'application/json; charset=utf-8'

const healthOf = (database: string | undefined) => ({
  DatabaseHealth: { Healthy: database === undefined, ...(database !== undefined && { ErrorMessage: database }) },
  Healthy: database === undefined,
})

/** A date without time means its last millisecond. */
const endOf = (date: string): number => Date.parse(date) + (date.includes('T') ? 0 : 86_399_999)
