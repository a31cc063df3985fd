import Type from 'typebox'
import {
  caip2,
  caip19,
  closed,
  entityName,
  index,
  int64,
  list,
  open,
  optionalText,
  text,
  timestamp,
  userId,
} from './base.ts'

const { String: string, Boolean: boolean, Integer: integer } = Type

export const User = closed('cwpUser', { ID: string(), Name: string(), Active: boolean() })
export const GetUserByIdRequest = closed('cwpGetUserByIdRequest', { ID: userId() })
export const ListGroupMembersRequest = closed('cwpListGroupMembersRequest', { GroupName: entityName() })
export const GroupMembers = Type.Record(string(), Type.Array(string()))
export const CreateGroupRequest = closed('cwpCreateGroupRequest', { Name: entityName() })

export const Account = closed('cwpAccount', { Name: string(), MasterKey: string(), IsExternal: boolean() })
export const GetAddressRequest = closed('cwpGetAddressCAIP2Request', {
  MasterKey: entityName(),
  CAIP2: caip2(),
  Account: entityName(),
  Index: Type.Optional({ ...index(), default: 0 }),
})
export const GetAddressResponse = closed('cwpGetAddressResponse', {
  Address: string(),
  sealed: Type.Optional(
    Type.Literal(false, { description: 'there while the vault is being founded: do not fund yet' }),
  ),
})
export const ResolveAddressRequest = closed('cwpResolveAddressRequest', { Address: text() })
export const ResolveAddressResponse = closed('cwpResolveAddressResponse', {
  MasterKey: string(),
  Account: string(),
  Index: integer(),
})

export const BalanceRequest = closed('cwpBalanceRequest', {
  MasterKey: entityName(),
  Account: entityName(),
  CAIP19: caip19(),
})
export const TokenBalance = closed('cwpTokenBalance', {
  CAIP19: string(),
  Symbol: string(),
  ChainName: string(),
  Amount: Type.String({ description: 'decimal in major units; empty when it could not be retrieved' }),
})

export const Chain = closed('cwpChain', { ChainName: string(), TestNet: boolean(), CAIP2: string() })
export const RegisterKnownChainRequest = closed('cwpRegisterKnownChainRequest', { CAIP2: caip2() })
export const Token = closed('cwpToken', {
  ChainName: string(),
  Testnet: boolean(),
  Symbol: string(),
  Decimals: integer(),
  CAIP2: string(),
  CAIP19: string(),
})

/** `CAIP2` filters only; null or absent: no filter. */
export const AssetInfoFilter = closed('cwpAssetInfoFilter', {
  CAIP2: Type.Optional(caip2()),
  ChainName: optionalText(),
  CAIP19: Type.Optional(caip19()),
  Symbol: optionalText(64),
  TestNetwork: Type.Optional(Type.Unsafe<boolean | null>({ type: ['boolean', 'null'] })),
})
export const AssetInfo = closed('cwpAssetInfo', {
  ChainName: string(),
  CAIP19: string(),
  Symbol: string(),
  TestNetwork: boolean(),
})

export const OperationTypes = Type.Array(string(), { title: 'cwpOperationTypesResponse' })
export const TransactionFunctionNames = Type.Array(string(), { title: 'cwpTransactionFunctionNamesResponse' })

const hash = () => Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 in hex' })
export const LogHead = open('LogHead', { Seq: int64(), Hash: hash() })

/** What one Policy Node signed about a pending operation; the app offers Approve only on three equal views. */
export const OperationVerdicts = open('OperationVerdicts', {
  OperationID: string(),
  Verdicts: Type.Array(
    open('NodeVerdict', {
      Node: integer({ minimum: 0 }),
      View: string({ format: 'byte', description: 'the exact bytes that the node signed' }),
      Signature: string({ format: 'byte', description: 'Ed25519 by the identity key of the node' }),
      Status: string(),
      IntentHash: hash(),
      EffectsHash: Type.Optional(hash()),
      Grade: Type.Optional(Type.Enum(['decoded', 'exact', 'opaque'], { type: 'string' })),
      Needs: Type.Array(string(), { description: 'what the operation needs in all' }),
      Unmet: Type.Array(string(), { description: 'what it still waits for' }),
      Head: LogHead,
    }),
  ),
  Missing: Type.Array(integer(), { description: 'nodes that did not answer' }),
})

export const LogEntries = open('LogEntries', {
  Entries: list(
    open('CertifiedEntry', {
      Seq: int64(),
      Entry: string({ format: 'byte', description: 'canonical bytes of the entry' }),
      Certificate: string({ format: 'byte', description: 'canonical bytes of the three votes' }),
    }),
  ),
  Head: LogHead,
})

export const Pins = open('trivaultPins', {
  VaultID: hash(),
  Pins: string({ description: 'pins.json: its canonical JSON text, whose hash is the vault id' }),
})

export const NodesStatus = open('NodesStatus', {
  VaultID: hash(),
  Sealed: boolean(),
  Head: LogHead,
  Nodes: Type.Array(
    open('NodeStatus', {
      Index: integer({ minimum: 0 }),
      IdentityKey: string({ description: 'Ed25519 public key in hex' }),
      Online: boolean(),
      Head: Type.Optional(LogHead),
      State: Type.Optional(string({ description: 'voting, or why not' })),
      Version: Type.Optional(string({ description: 'of the program that the node runs' })),
      LastSignatureAt: Type.Optional({ ...timestamp(), description: 'by the clock of the node, since it was started' }),
    }),
  ),
})
