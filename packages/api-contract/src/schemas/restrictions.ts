import Type from 'typebox'
import { caip19, closed, entityName, exactNumber, flag, list, optionalText, text } from './base.ts'

const names = () => Type.Optional(list(text()))

export const ApproversByGroups = closed('cwpApproversByGroups', {
  Groups: list(entityName(), { minItems: 1 }),
  RequiredApprovers: Type.Integer({ minimum: 1, maximum: 1000 }),
})

export const AmountCriterion = closed(
  'cwpAmountCriterion',
  { Above: Type.Optional(exactNumber()), Currency: optionalText(64) },
  {
    anyOf: [{ required: ['Currency'] }, { properties: { Above: { const: 0 } } }],
    description: 'give Currency when Above is not 0',
  },
)

const onlyOrExcept = { not: { required: ['Only', 'Except'] }, description: 'give Only or Except, not both' }
const ValueCriterionString = closed('cwpValueCriterionString', { Only: names(), Except: names() }, onlyOrExcept)
const ValueCriterionTransactionFunction = closed(
  'cwpValueCriterionTransactionFunction',
  { Only: names(), Except: names() },
  onlyOrExcept,
)

const Source = closed('cwpSource', { MasterKeyName: text(), AccountName: optionalText() })
const ValueCriterionSource = closed(
  'cwpValueCriterionSource',
  { Only: Type.Optional(list(Source)), Except: Type.Optional(list(Source)) },
  onlyOrExcept,
)

const Destination = closed(
  'cwpDestination',
  { MasterKeyName: optionalText(), AccountName: optionalText(), Address: optionalText() },
  {
    oneOf: [{ required: ['Address'] }, { required: ['MasterKeyName', 'AccountName'] }],
    description: 'give either Address, or MasterKeyName and AccountName',
  },
)
const ValueCriterionDestination = closed(
  'cwpValueCriterionDestination',
  { Only: Type.Optional(list(Destination)), Except: Type.Optional(list(Destination)) },
  onlyOrExcept,
)

const Approvers = Type.Optional(list(ApproversByGroups, { maxItems: 64 }))
const RestrictionID = Type.String({ minLength: 1, maxLength: 256 })

export const ConfigRestriction = closed('cwpConfigRestriction', { RestrictionID, Approvers })
export const PolicyRestriction = closed('cwpPolicyRestriction', { RestrictionID, Approvers })
export const TransactionRestriction = closed('cwpTransactionRestriction', {
  RestrictionID,
  Approvers,
  Amount: Type.Optional(AmountCriterion),
  Fee: Type.Optional(AmountCriterion),
  Symbol: Type.Optional(ValueCriterionString),
  Source: Type.Optional(ValueCriterionSource),
  Destination: Type.Optional(ValueCriterionDestination),
  ExternalDestination: Type.Optional(ValueCriterionString),
  TransactionFunction: Type.Optional(ValueCriterionTransactionFunction),
  TestNetwork: flag(),
})

export const RateUpdate = closed('cwpRateUpdateSearch', {
  Asset: text(),
  USDRate: Type.Optional(exactNumber()),
  USDMin: Type.Optional(exactNumber()),
  USDMax: Type.Optional(exactNumber()),
})

export const assetFields = {
  ChainName: optionalText(),
  CAIP19: Type.Optional(caip19()),
  Asset: optionalText(64),
  TestNetwork: flag(),
}
