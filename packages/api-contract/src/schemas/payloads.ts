import Type, { type TProperties } from 'typebox'
import {
  amount,
  base64,
  caip2,
  caip19,
  closed,
  entityName,
  flag,
  index,
  list,
  oneOf,
  optionalText,
  text,
  timestamp,
  userId,
} from './base.ts'
import { AddressSpec, atMostOneChain, chainParameters, EvmSpec, TxOutput } from './chain-parameters.ts'
import { thumbprints } from './founding.ts'
import { unfreeze, updateSettings } from './levers.ts'
import {
  assetFields,
  ConfigRestriction,
  PolicyRestriction,
  RateUpdate,
  TransactionRestriction,
} from './restrictions.ts'

/** What one kind of operation asks for: type name, component name of its intent, fields, and rules between them. */
const payload = <const T extends string, P extends TProperties>(
  type: T,
  intent: string,
  properties: P,
  rules?: object,
) => ({ type, intent, properties, ...(rules && { rules }) })

const addOrDelete = {
  anyOf: [{ required: ['Add'] }, { required: ['Delete'] }],
  description: 'give Add, Delete, or both',
}
const side = () => Type.Optional(oneOf('', ['internal', 'external']))

/**
 * Every kind of operation that the contract can start, by its path segment. Order matters to readers of the intent union
 * only.
 */
export const payloads = {
  registerToken: payload('register token', 'cwpRegisterTokenIntent', {
    CAIP19: caip19(),
    Symbol: Type.String({ minLength: 1, maxLength: 64 }),
    Decimals: Type.Integer({ minimum: 0, maximum: 255 }),
  }),
  unregisterToken: payload('unregister token', 'cwpUnregisterTokenIntent', { CAIP19: caip19() }),
  deleteToken: payload('delete token', 'cwpDeleteTokenIntent', {
    Symbol: text(64),
    TestNetwork: flag(),
    ChainName: optionalText(),
    CAIP19: Type.Optional(caip19()),
  }),
  associateToSPLToken: payload('associate to SPL token', 'cwpAssociateToSPLTokenIntent', {
    ChainName: optionalText(),
    CAIP19: Type.Optional(caip19()),
    SPLSymbol: text(64),
    TestNetwork: flag(),
    MasterKeyName: optionalText(),
    Source: text(),
    AddressIndex: Type.Optional(index()),
    ...chainParameters,
  }),
  associateToNonceAccount: payload('associate to nonce account', 'cwpAssociateNonceAccountIntent', {
    ChainName: optionalText(),
    CAIP19: Type.Optional(caip19()),
    Symbol: text(64),
    TestNetwork: flag(),
    TotalNonceAccounts: Type.Optional(index()),
    MasterKeyName: optionalText(),
    Source: text(),
    Authority: Type.Optional(AddressSpec),
    ...chainParameters,
  }),
  activateStellarAddress: payload('activate stellar address', 'cwpActivateStellarAddressIntent', {
    ChainName: optionalText(),
    CAIP19: Type.Optional(caip19()),
    Symbol: text(64),
    TestNetwork: flag(),
    MasterKeyName: text(),
    Source: text(),
    Destination: AddressSpec,
    ...chainParameters,
  }),
  backupMasterKey: payload('backup master key', 'cwpBackupMasterKeyIntent', { Name: entityName() }),
  createMasterKey: payload('create master key', 'cwpCreateMasterKeyIntent', { Name: entityName() }),
  createAccount: payload('create account', 'cwpCreateAccountIntent', { Name: entityName(), MasterKey: entityName() }),
  stake: payload('stake', 'cwpStakeIntent', {
    ...assetFields,
    Asset: text(64),
    Source: text(),
    MasterKeyName: text(),
    Amount: amount(),
    WithdrawalAddress: text(),
    WithdrawalAddressType: side(),
    MaxFee: optionalText(),
    FeeRecipient: optionalText(),
    FeeRecipientType: side(),
    ...chainParameters,
  }),
  unstake: payload('unstake', 'cwpUnstakeIntent', {
    ...assetFields,
    Asset: text(64),
    Account: text(),
    MasterKeyName: text(),
    ValidatorAddresses: list(text(), { minItems: 1, maxItems: 1 }),
  }),
  registerUser: payload('register user', 'cwpRegisterUserIntent', {
    UserID: userId(),
    UserName: Type.String({ minLength: 1, maxLength: 256 }),
  }),
  setUserPublicKey: payload('set user public key', 'cwpSetUserPublicKeyIntent', {
    UserID: userId(),
    PublicKey: base64(256),
  }),
  deleteUser: payload('delete user', 'cwpDeleteUserIntent', { UserID: userId(), UserName: optionalText() }),
  resetUser: payload('reset user', 'cwpResetUserIntent', { UserID: userId(), UserName: optionalText() }),
  updateGroup: payload('update group', 'cwpUpdateGroupIntent', {
    Group: entityName(),
    AddUsers: Type.Optional(list(userId())),
    RemoveUsers: Type.Optional(list(userId())),
  }),
  renameGroup: payload('rename group', 'cwpRenameGroupIntent', { OldName: entityName(), NewName: entityName() }),
  updateRates: payload('update rates', 'cwpUpdateRatesIntent', { Updates: Type.Optional(list(RateUpdate)) }),
  attachMasterKey: payload('attach master key', 'cwpAttachMasterKeyIntent', {
    Name: entityName(),
    ExternalPairingMessages: list(
      closed('cwpExternalPairingMessageSearch', { Value: Type.Optional(base64(262_144)) }),
      { minItems: 1 },
    ),
    PairingChecksum: optionalText(),
  }),
  createBatch: payload('create batch', 'cwpCreateBatchIntent', { MasterKey: text(), SignerSet: optionalText() }),
  finishCurrentBatch: payload('finish current batch', 'cwpFinishCurrentBatchIntent', {
    MasterKey: text(),
    SignedBatch: Type.Optional(
      list(closed('cwpPartialSignaturesSearch', { SignaturesForTx: Type.Optional(list(list(base64(4096)))) })),
    ),
  }),
  deleteCurrentBatch: payload('delete current batch', 'cwpDeleteCurrentBatchIntent', { MasterKey: text() }),
  genericSigning: payload('generic signing', 'cwpGenericSigningIntent', {
    ...assetFields,
    Asset: text(64),
    DataToSign: Type.String({ minLength: 1, maxLength: 262_144 }),
    TypeOfSigning: Type.String({ minLength: 1, maxLength: 64 }),
    Source: AddressSpec,
  }),
  consolidateFunds: payload('consolidate funds', 'cwpConsolidateFundsIntent', {
    ...assetFields,
    Asset: text(64),
    MasterKeyName: text(),
    Account: text(),
    SubAddressIndex: index(),
    Amount: amount(),
    MaxFee: optionalText(),
    ...chainParameters,
  }),
  fundSubaddresses: payload('fund subaddresses', 'cwpFundSubAddressesIntent', {
    ...assetFields,
    Asset: text(64),
    MasterKeyName: text(),
    Account: text(),
    SubAddressesFunding: Type.Optional(
      list(closed('cwpAddressIndexAmountSearch', { Index: index(), Amount: amount() })),
    ),
    MaxFee: optionalText(),
    ...chainParameters,
  }),
  registerCustomChain: payload('register custom chain', 'cwpRegisterCustomChainIntent', {
    ChainName: Type.String({ minLength: 1, maxLength: 128 }),
    TestNet: flag(),
    CAIP19: caip19(),
    NativeAssetSymbol: Type.String({ minLength: 1, maxLength: 64 }),
    NativeAssetDecimals: Type.Optional(Type.Integer({ minimum: 0, maximum: 255 })),
  }),
  unregisterChain: payload('unregister chain', 'cwpUnregisterChainIntent', { CAIP2: caip2() }),
  setErsPublicKey: payload('set ers public key', 'cwpSetERSPublicKeyIntent', { Key: base64(4096) }),
  makeTransaction: payload(
    'make transaction',
    'cwpTransactionIntent',
    {
      ...assetFields,
      Source: AddressSpec,
      Destination: Type.Optional(list(TxOutput, { minItems: 1, maxItems: 256 })),
      RawTransaction: Type.Optional(Type.String({ minLength: 1, maxLength: 262_144 })),
      TxHash: optionalText(),
      ...chainParameters,
    },
    {
      anyOf: [
        { required: ['Source', 'Destination', 'CAIP19'], not: { required: ['RawTransaction'] } },
        { required: ['Source', 'RawTransaction'], not: { required: ['Destination'] } },
      ],
      ...atMostOneChain,
      description: 'give either Destination with CAIP19, or RawTransaction; and the parameters of at most one chain',
    },
  ),
  sponsor: payload('sponsor', 'cwpSponsorIntent', {
    ...assetFields,
    Asset: text(64),
    Source: AddressSpec,
    ContractAddress: optionalText(),
    ...chainParameters,
    EVM: EvmSpec,
  }),
  generateConsolidationData: payload('generate consolidation data', 'cwpGenerateConsolidationDataIntent', {
    ...assetFields,
    Asset: text(64),
    MasterKeyName: text(),
    Account: text(),
    SubAddressData: list(
      closed('cwpSubAddressDataSearch', {
        Asset: optionalText(64),
        Amount: Type.Optional(amount()),
        SubAddressIndex: Type.Optional(index()),
      }),
      { minItems: 1 },
    ),
  }),
  signRawTransaction: payload('sign raw transaction', 'cwpSignRawTransactionIntent', {
    ...assetFields,
    Asset: text(64),
    Source: text(),
    MasterKeyName: text(),
    RawTransaction: text(262_144),
    TxHash: optionalText(),
  }),
  createAllocation: payload('create allocation', 'cwpAllocationIntent', {
    ...assetFields,
    Asset: text(64),
    Source: text(),
    MasterKeyName: text(),
    DestinationType: oneOf('', ['internal', 'external']),
    DestinationAmounts: list(
      closed('cwpDestinationAmount', { Destination: text(), MasterKeyName: optionalText(), Amount: amount() }),
      { minItems: 1 },
    ),
    ExecutorID: AddressSpec,
    AllocationDeadline: Type.Optional(timestamp()),
    SettlementDeadline: timestamp(),
    ...chainParameters,
  }),
  cantonEnrollment: payload('canton enrollment', 'cwpCantonEnrollmentIntent', {
    ...assetFields,
    Asset: text(64),
    Source: AddressSpec,
  }),
  cantonPreapproval: payload('canton preapproval', 'cwpCantonPreapprovalIntent', {
    ...assetFields,
    Asset: text(64),
    Source: AddressSpec,
  }),
  callChoiceOnEndInvestorOnboardingOffer: payload(
    'call choice on end investor onboarding offer',
    'cwpEndInvestorOnboardingOfferIntent',
    {
      ...assetFields,
      Asset: text(64),
      Source: text(),
      MasterKeyName: text(),
      EndInvestorOnboardingOfferCID: text(),
      OnboardingOfferChoice: text(),
      RejectReason: optionalText(),
      ...chainParameters,
    },
  ),
  updateTransactionRestriction: payload(
    'update transaction restriction',
    'cwpUpdateTransactionRestrictionIntent',
    { Add: Type.Optional(TransactionRestriction), Delete: Type.Optional(TransactionRestriction) },
    addOrDelete,
  ),
  updateConfigRestriction: payload(
    'update config restriction',
    'cwpUpdateConfigRestrictionIntent',
    { Add: Type.Optional(ConfigRestriction), Delete: Type.Optional(ConfigRestriction) },
    addOrDelete,
  ),
  updatePolicyRestriction: payload(
    'update policy restriction',
    'cwpUpdatePolicyRestrictionIntent',
    { Add: Type.Optional(PolicyRestriction), Delete: Type.Optional(PolicyRestriction) },
    addOrDelete,
  ),
  // Trivault's own.
  updateSettings: payload('update settings', 'trivaultUpdateSettingsIntent', updateSettings, {
    minProperties: 1,
  }),
  unfreeze: payload('unfreeze', 'trivaultUnfreezeIntent', unfreeze),
  refreshMasterKey: payload('refresh master key', 'trivaultRefreshMasterKeyIntent', { Name: entityName() }),
  seal: payload('seal', 'trivaultSealIntent', {}),
  foundAgain: payload('found again', 'trivaultFoundAgainIntent', {}),
  setIssuerKeys: payload('set issuer keys', 'trivaultSetIssuerKeysIntent', { Thumbprints: thumbprints() }),
}

/** Path segment of a start route. */
export type OperationSegment = keyof typeof payloads

/** Human-readable operation type of a startable operation. */
export type OperationType = (typeof payloads)[OperationSegment]['type']
