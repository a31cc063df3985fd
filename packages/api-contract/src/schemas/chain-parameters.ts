import Type from 'typebox'
import { amount, base64, closed, flag, index, integerText, list, optionalText, text, timestamp } from './base.ts'

const uint = () => Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))
const texts = () => Type.Optional(list(text()))
const hexData = () =>
  Type.String({ maxLength: 262_146, pattern: '^(?:0x)?(?:[0-9a-fA-F]{2})*$', description: 'bytes in hex' })
const outpoints = () => Type.Optional(list(closed('', { TxID: optionalText(), Index: uint() })))

/** An address is named by its derivation (both names), by itself, or by both. */
export const addressRules = {
  anyOf: [{ required: ['MasterKeyName', 'AccountName'] }, { required: ['Address'] }],
  dependentRequired: { MasterKeyName: ['AccountName'], AccountName: ['MasterKeyName'] },
  description: 'give MasterKeyName and AccountName, or Address, or both',
}

export const AddressSpec = closed(
  'cwpAddressSpec',
  {
    MasterKeyName: optionalText(),
    AccountName: optionalText(),
    AddressIndex: uint(),
    Address: optionalText(),
  },
  {
    ...addressRules,
  },
)

/** One recipient of a transfer. */
export const TxOutput = closed(
  'cwpTxOutputSearch',
  {
    MasterKeyName: optionalText(),
    AccountName: optionalText(),
    AddressIndex: Type.Optional(index()),
    Address: optionalText(),
    Amount: amount(),
  },
  {
    ...addressRules,
  },
)

export const EvmSpec = closed('cwpEVMSpec', {
  Gas: Type.Optional(integerText('gas limit')),
  MaxPriorityFeePerGas: Type.Optional(integerText('wei')),
  MaxFeePerGas: Type.Optional(integerText('wei')),
  Nonce: Type.Optional(integerText('nonce of the sending address')),
  Data: Type.Optional(hexData()),
  EIP7702Authorizations: Type.Optional(list(base64(2048), { maxItems: 64 })),
})

export const BitcoinSpec = closed('cwpBitcoinSpec', {
  FeePerVByte: uint(),
  UTXOInclude: outpoints(),
  UTXOExclude: outpoints(),
})

export const SubstrateSpec = closed('cwpSubstrateSpec', {
  Tip: Type.Optional(integerText('tip in the lowest denomination')),
  Nonce: Type.Optional(integerText('nonce of the sending address')),
})

export const SolanaSpec = closed('cwpSolanaSpec', {
  PriorityFee: uint(),
  AssociateTokenAccount: Type.Optional(closed('', { MintAddress: optionalText() })),
  AssociateNonceAccount: Type.Optional(
    closed('', {
      PayerAddress: optionalText(),
      NonceAccount: optionalText(),
      Authority: optionalText(),
      Start: uint(),
      Count: uint(),
    }),
  ),
  SPLTokenTransfer: Type.Optional(
    closed('', { amount: optionalText(), authority: optionalText(), mintAddress: optionalText(), decimals: uint() }),
  ),
  NonceAccount: Type.Optional(closed('', { NonceAccount: optionalText() })),
})

const FreezeFields = {
  RegistrarServiceCID: optionalText(),
  CredentialCIDs: texts(),
  DenyListCIDs: texts(),
  InstrumentConfigurationCID: optionalText(),
}

export const CantonSpec = closed('cwpCantonSpec', {
  Reason: optionalText(),
  Allocation: Type.Optional(
    closed('', {
      SettlementExecutorID: Type.Optional(
        closed('', {
          MasterKeyName: optionalText(),
          AccountName: optionalText(),
          AddressIndex: uint(),
          Address: optionalText(),
        }),
      ),
      AllocationDeadline: Type.Optional(timestamp()),
      SettlementDeadline: Type.Optional(timestamp()),
    }),
  ),
  AllocationChoice: Type.Optional(closed('', { ContractID: optionalText(), Choice: optionalText() })),
  InvokeTokenChoice: Type.Optional(closed('', { ContractID: optionalText(), Choice: optionalText() })),
  RequestTokenChoice: Type.Optional(
    closed('', {
      Choice: optionalText(),
      Amount: optionalText(),
      Holder: optionalText(),
      TransferOfferCIDs: texts(),
      AllocationCIDs: texts(),
    }),
  ),
  TokenInformation: Type.Optional(closed('', { InstrumentAdmin: optionalText(), InstrumentID: optionalText() })),
  Enrollment: Type.Optional(closed('', { PartyID: optionalText(), PublicKey: optionalText() })),
  Preapproval: Type.Optional(closed('', { PartyID: optionalText(), DSOID: optionalText() })),
  UseTransferCommand: flag(),
  TransferCommand: Type.Optional(
    closed('', { DelegatePartyID: optionalText(), ExpiresAt: Type.Optional(timestamp()), Nonce: uint() }),
  ),
  Clawback: Type.Optional(
    closed('', {
      InstrumentConfiguration: optionalText(),
      ReceiverDelegationCID: Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], maxLength: 256 })),
      ClawbackAmount: optionalText(),
      InputHoldingCIDs: texts(),
    }),
  ),
  FreezePositions: Type.Optional(closed('', { ...FreezeFields, FreezeID: optionalText(), Reason: optionalText() })),
  UnfreezePositions: Type.Optional(closed('', FreezeFields)),
  PauseInstrument: Type.Optional(closed('', { InstrumentConfigurationCID: optionalText() })),
  UnpauseInstrument: Type.Optional(closed('', { InstrumentConfigurationCID: optionalText() })),
  EndInvestorOnboardingOffer: Type.Optional(
    closed('', {
      EndInvestorOnboardingOfferCID: optionalText(),
      EndInvestorOnboardingOfferChoice: optionalText(),
      RejectReason: optionalText(),
    }),
  ),
})

export const StellarSpec = closed('cwpStellarSpec', {
  Fee: uint(),
  Memo: Type.Optional(closed('', { type: optionalText(), value: optionalText() })),
  ActivateAddress: Type.Optional(closed('', { destinationAddress: optionalText(), amount: optionalText() })),
})

export const TvmSpec = closed('cwpTVMSpec', {})

/** The parameter block of one chain family; at most one may be given. */
export const chainParameters = {
  EVM: Type.Optional(EvmSpec),
  Bitcoin: Type.Optional(BitcoinSpec),
  Substrate: Type.Optional(SubstrateSpec),
  Solana: Type.Optional(SolanaSpec),
  Canton: Type.Optional(CantonSpec),
  Stellar: Type.Optional(StellarSpec),
  TVM: Type.Optional(TvmSpec),
}

const blocks = Object.keys(chainParameters)

/** Accepts an object with at most one of the chain parameter blocks. */
export const atMostOneChain = {
  not: { anyOf: blocks.flatMap((a, i) => blocks.slice(i + 1).map(b => ({ required: [a, b] }))) },
}
