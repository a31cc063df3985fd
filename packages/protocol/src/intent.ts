import { decodeJson, encodeJson, type Json, type JsonOf, json } from '@trivault/codec'
import { curves } from './commands.ts'
import { personalChannels } from './enrolment.ts'
import { VaultError } from './errors.ts'
import { moneyDefaults, type OperationType, operationTypeNames } from './operations.ts'
import { approverRestriction, name, transactionRestriction, userId } from './restrictions.ts'

/** Pattern of operation ids (contract). */
export const operationIdPattern = /^[a-zA-Z0-9-]{1,96}$/
const operationId = json.string({ max: 96, pattern: operationIdPattern, what: 'letters, digits and -, at most 96,' })
const displayName = json.string({ max: 128 })
const base64 = json.string({ max: 400_000, pattern: /^[A-Za-z0-9+/]*={0,2}$/, what: 'standard base64' })
const hex = json.string({ max: 400_000, pattern: /^0x([0-9a-f]{2})*$/, what: '0x-prefixed lower-case hex' })
const digits = json.string({ max: 78, pattern: /^(0|[1-9][0-9]*)$/, what: 'a whole number in decimal digits' })
const caip2 = json.string({ max: 41, pattern: /^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$/, what: 'a CAIP-2 chain id' })
const caip19 = json.string({
  max: 200,
  pattern: /^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}\/[-a-z0-9]{3,8}:[-.%a-zA-Z0-9]{1,128}$/,
  what: 'a CAIP-19 asset id',
})
const symbol = json.string({ max: 32, pattern: /^\S+$/, what: 'a symbol without spaces' })
/** What a rate is for: a symbol or a CAIP-19. */
const rated = json.string({ max: 200, pattern: /^\S+$/, what: 'a symbol or CAIP-19 without spaces' })
const address = json.string({ max: 128, pattern: /^\S+$/, what: 'an address' })
const timestamp = json.refine(
  json.string({
    max: 30,
    pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    what: 'an RFC 3339 time in UTC with milliseconds',
  }),
  // 30 February and 24 o'clock are days that parsers do not agree on.
  text => {
    const time = Date.parse(text)
    return !Number.isNaN(time) && new Date(time).toISOString() === text ? undefined : 'no such time'
  },
)
const index = json.integer(0x7fff_ffff)
const hash = json.string({ max: 64, pattern: /^[0-9a-f]{64}$/, what: '64 lower-case hex digits' })
const publicKey = json.string({ max: 66, pattern: /^([0-9a-f]{2}){32,33}$/, what: 'a public key in lower-case hex' })

const metadata = <T extends OperationType>(type: T) => ({
  OperationType: json.oneOf([type]),
  OperationID: operationId,
  /** Empty when nobody is named. */
  InitiatorID: json.string({ max: 254 }),
  InitiatorName: displayName,
  Timestamp: timestamp,
})

/** Where value leaves from: an account's address, with every form filled in. */
const source = { MasterKeyName: name, AccountName: name, AddressIndex: index, Address: address }
const evm = json.object(
  {},
  { Gas: digits, MaxFeePerGas: digits, MaxPriorityFeePerGas: digits, Nonce: digits, Data: hex },
)
const functionCalled = json.object({ Name: json.string({ max: 64 }) })

/** A change of restrictions: one deleted, one added, or one replaced. */
function restrictionChange<T extends OperationType, R>(type: T, restriction: Json<R>) {
  return json.refine(json.object(metadata(type), { Add: restriction, Delete: restriction }), value =>
    value.Add === undefined && value.Delete === undefined ? 'give Add, Delete or both' : undefined,
  )
}

const rateUpdate = json.object({ Asset: rated }, { USDRate: json.decimal, USDMin: json.decimal, USDMax: json.decimal })

/** The vault's own settings; what is absent stays as it is. Bounds: `packages/vault-state/src/settings.ts`. */
const settings = json.refine(
  json.object(metadata('update settings'), {
    PendingExpirySeconds: json.integer(),
    LooseningDelaySeconds: json.integer(),
    NoSelfApproval: json.boolean,
    MoneyDefault: json.oneOf(moneyDefaults),
  }),
  ({ PendingExpirySeconds, LooseningDelaySeconds, NoSelfApproval, MoneyDefault }) =>
    [PendingExpirySeconds, LooseningDelaySeconds, NoSelfApproval, MoneyDefault].every(setting => setting === undefined)
      ? 'give at least one setting'
      : undefined,
)

const schemas = {
  'register user': json.object({ ...metadata('register user'), UserID: userId, UserName: displayName }),
  'set user public key': json.object({ ...metadata('set user public key'), UserID: userId, PublicKey: base64 }),
  'delete user': json.object({ ...metadata('delete user'), UserID: userId, UserName: displayName }),
  'reset user': json.object({ ...metadata('reset user'), UserID: userId, UserName: displayName }),
  'update group': json.object({
    ...metadata('update group'),
    Group: name,
    AddUsers: json.array(userId),
    RemoveUsers: json.array(userId),
  }),
  'rename group': json.object({ ...metadata('rename group'), OldName: name, NewName: name }),
  'create master key': json.object({ ...metadata('create master key'), Name: name }),
  'create account': json.object({ ...metadata('create account'), Name: name, MasterKey: name }),
  'set ers public key': json.object({ ...metadata('set ers public key'), Key: base64 }),
  'backup master key': json.object({ ...metadata('backup master key'), Name: name }),
  /** `Epoch`: the one that it leads to, so that no approval is kept for a later refresh. */
  'refresh master key': json.object({
    ...metadata('refresh master key'),
    Name: name,
    Epoch: json.integer(0xffff_ffff),
  }),
  'update transaction restriction': restrictionChange('update transaction restriction', transactionRestriction),
  'update config restriction': restrictionChange('update config restriction', approverRestriction),
  'update policy restriction': restrictionChange('update policy restriction', approverRestriction),
  'update rates': json.object({
    ...metadata('update rates'),
    Updates: json.array(rateUpdate, { min: 1, max: 1000 }),
  }),
  'register custom chain': json.object({
    ...metadata('register custom chain'),
    ChainName: displayName,
    TestNet: json.boolean,
    CAIP19: caip19,
    NativeAssetSymbol: symbol,
    NativeAssetDecimals: json.integer(77),
  }),
  'unregister chain': json.object({ ...metadata('unregister chain'), CAIP2: caip2 }),
  'register token': json.object({
    ...metadata('register token'),
    CAIP19: caip19,
    Symbol: symbol,
    Decimals: json.integer(77),
  }),
  'unregister token': json.object({ ...metadata('unregister token'), CAIP19: caip19 }),
  'make transaction': json.object(
    {
      ...metadata('make transaction'),
      ChainName: displayName,
      CAIP19: caip19,
      Asset: symbol,
      TestNetwork: json.boolean,
      Source: json.object(source),
      Destination: json.array(
        json.object(
          { Address: address, Amount: json.string({ max: 120 }) },
          { MasterKeyName: name, AccountName: name, AddressIndex: index },
        ),
        { max: 100 },
      ),
      Function: functionCalled,
    },
    { RawTransaction: hex, DecodedRawTransaction: json.string({ max: 8192 }), EVM: evm },
  ),
  'generic signing': json.object({
    ...metadata('generic signing'),
    ChainName: displayName,
    CAIP19: caip19,
    Asset: symbol,
    TestNetwork: json.boolean,
    DataToSign: json.string({ max: 200_000 }),
    TypeOfSigning: json.oneOf(['personal_sign', 'eth_signTypedData_v4', 'raw']),
    Source: json.object(source),
    Function: functionCalled,
  }),
  /** The founding record: what every founder compares by voice and approves. */
  seal: json.object({
    ...metadata('seal'),
    /** SHA-256 of the pins: the vault id. */
    Genesis: hash,
    /** 0 at first; counts the foundings after a lost quorum. */
    Epoch: json.integer(0xffff_ffff),
    OwnerGroup: name,
    ApprovalsRequired: json.integer(65_535),
    Users: json.array(json.object({ UserID: userId, KeyFingerprint: hash, Channel: json.oneOf(personalChannels) })),
    MasterKeys: json.array(
      json.object({ Name: name, Curve: json.oneOf(curves), PublicKey: publicKey, Transcript: hash }),
    ),
    /** What conversion goes by: bounds, and a spot rate that stands in for one. The set-up's are only the wallet's word. */
    Rates: json.array(rateUpdate, { max: 1000 }),
  }),
  /** New owners after a lost quorum, as all three node admins pinned them. */
  'found again': json.object({
    ...metadata('found again'),
    Epoch: json.integer(0xffff_ffff),
    Owners: json.array(json.object({ UserID: userId, UserName: displayName }, { KeyFingerprint: hash }), { max: 100 }),
    ApprovalsRequired: json.integer(65_535),
  }),
  'set issuer keys': json.object({
    ...metadata('set issuer keys'),
    /** RFC 7638 thumbprints that count from now on; the others no longer do. */
    Thumbprints: json.array(hash, { min: 1, max: 32 }),
  }),
  'update settings': settings,
  /** `Freeze`: the number of the freeze that it lifts, so that no approval is kept for a later one. */
  unfreeze: json.object({ ...metadata('unfreeze'), Freeze: json.integer() }),
} satisfies Record<OperationType, Json<unknown>>

export type IntentOf<T extends OperationType> = JsonOf<(typeof schemas)[T]>
/** What people approve: the operation with every field the server adds, as canonical JSON. */
export type Intent = { [T in OperationType]: IntentOf<T> }[OperationType]

export const fields = { caip2, caip19, address, name, displayName, userId, operationId, digits }

/** The exact bytes that approvers sign. Throws `VaultError` malformed, naming the field. */
export function encodeIntent(intent: Intent): Uint8Array {
  try {
    return encodeJson(schemas[intent.OperationType] as Json<Intent>, intent)
  } catch (cause) {
    throw malformed(cause)
  }
}

/** Reads intent bytes; only the canonical form of a known operation type is taken. Throws `VaultError` malformed. */
export function decodeIntent(bytes: Uint8Array): Intent {
  const type = operationTypeNames.find(candidate => startsWith(bytes, `{"OperationType":${JSON.stringify(candidate)},`))
  if (type === undefined) throw new VaultError('malformed', 'the intent does not begin with a known OperationType')
  try {
    return decodeJson(schemas[type] as Json<Intent>, bytes)
  } catch (cause) {
    throw malformed(cause)
  }
}

function startsWith(bytes: Uint8Array, prefix: string): boolean {
  if (bytes.length < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix.charCodeAt(i)) return false
  return true
}

function malformed(cause: unknown): VaultError {
  return new VaultError('malformed', cause instanceof Error ? cause.message : 'not an intent', { cause })
}
