import { parseCaip19 } from '@trivault/chains'
import { coldSegments, encodeIntent, type Intent, operationTypeOf, VaultError } from '@trivault/protocol'
import { activeMasterKeyOf, foundingEpochRecord, foundingRecord, userOf } from '@trivault/vault-state'
import { given, type IntentContext } from './intent-context.ts'
import type { StartRequest } from './service.ts'
import { signingFields, transactionFields } from './signing-intents.ts'

/**
 * The intent that people will approve: the request with every field that the server adds. The nodes compute each of these
 * fields for themselves and refuse an intent in which one differs. Throws `VaultError`, `ChainClientError`, `ChainError`.
 */
export async function buildIntent(request: StartRequest, context: IntentContext): Promise<Intent> {
  if ((coldSegments as readonly string[]).includes(request.segment))
    throw new VaultError('cold-wallet-not-enabled', 'the cold wallet is not enabled: this vault holds no cold keys')
  const type = operationTypeOf(request.segment)
  if (type === undefined)
    throw new VaultError('unsupported-operation', `operations of type ${request.segment} are not in this release`)
  const { state, operationId, initiatorId, now } = context
  const metadata = {
    OperationID: operationId,
    InitiatorID: initiatorId,
    InitiatorName: initiatorId === '' ? '' : userOf(state, initiatorId).name,
    Timestamp: new Date(now).toISOString(),
  }
  const fields = await payloadOf(request, context)
  const intent = { OperationType: type, ...metadata, ...fields } as Intent
  encodeIntent(intent)
  return intent
}

/** The same intent with a new time: nobody has signed it yet. */
export function restamp(intent: Intent, now: number): Intent {
  return { ...intent, Timestamp: new Date(now).toISOString() }
}

async function payloadOf(request: StartRequest, context: IntentContext): Promise<object> {
  switch (request.segment) {
    case 'makeTransaction':
      return transactionFields(request.payload, context)
    case 'genericSigning':
      return signingFields(request.payload, context.state)
    case 'updateGroup':
      return {
        Group: request.payload.Group,
        AddUsers: request.payload.AddUsers ?? [],
        RemoveUsers: request.payload.RemoveUsers ?? [],
      }
    case 'deleteUser':
    case 'resetUser': {
      const { id, name } = userOf(context.state, request.payload.UserID)
      given('UserName', request.payload.UserName, name)
      return { UserID: id, UserName: name }
    }
    case 'updateRates':
      return { Updates: request.payload.Updates ?? [] }
    case 'unregisterToken':
      return { CAIP19: parseCaip19(request.payload.CAIP19).caip19 }
    case 'registerCustomChain': {
      const { ChainName, CAIP19, NativeAssetSymbol, TestNet, NativeAssetDecimals } = request.payload
      return {
        ChainName,
        TestNet: TestNet ?? false,
        CAIP19,
        NativeAssetSymbol,
        NativeAssetDecimals: NativeAssetDecimals ?? 18,
      }
    }
    case 'refreshMasterKey': {
      const { name, epoch } = activeMasterKeyOf(context.state, request.payload.Name)
      return { Name: name, Epoch: epoch + 1 }
    }
    case 'unfreeze':
      return { Freeze: request.payload.Freeze ?? context.state.freeze?.number ?? 0 }
    case 'foundAgain':
      return foundingEpochRecord(context.state)
    case 'seal':
      return foundingRecord(context.state)
    case 'registerToken':
      return { ...request.payload, CAIP19: parseCaip19(request.payload.CAIP19).caip19 }
    default:
      return request.payload
  }
}
