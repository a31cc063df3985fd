import { toHex } from '@trivault/codec'
import fc from 'fast-check'
import {
  type AmountCriterion,
  type ApproverRestriction,
  type Criterion,
  curves,
  type DestinationSelector,
  type Intent,
  type OperationType,
  personalChannels,
  type TransactionRestriction,
  VaultError,
  velocityScopes,
} from '../src/index.ts'

/** The code of the `VaultError` that `body` throws. */
export function refused(body: () => unknown): string | undefined {
  try {
    body()
    return undefined
  } catch (error) {
    if (error instanceof VaultError) return error.code
    throw error
  }
}

export const raw = (minLength: number, maxLength = minLength) =>
  fc.uint8Array({ minLength, maxLength }).map(value => Uint8Array.from(value))
export const text = fc.string({ unit: fc.constantFrom(...'aZ9 _-é😀"\\{'), maxLength: 12 })
export const name = fc.constantFrom('owner', 'Main key', 'a_b 1')
export const user = fc.constantFrom('ann@example.com', 'Bob+x@sub.example.org')
const fingerprint = raw(32).map(toHex)
const digits = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }).map(String)
const hex = fc.uint8Array({ maxLength: 20 }).map(value => `0x${Buffer.from(value).toString('hex')}`)
const base64 = fc.uint8Array({ maxLength: 20 }).map(value => Buffer.from(value).toString('base64'))
const index = fc.integer({ min: 0, max: 0x7fff_ffff })
const address = fc.constantFrom('0x1111111111111111111111111111111111111111', 'bc1qxyz')
const asset = fc.constantFrom('eip155:1/slip44:60', 'eip155:11155111/erc20:0x2222222222222222222222222222222222222222')
const decimal = fc.constantFrom('0', '1', '0.000000000000000001', '12345678901234567890.5')

const lists = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<Criterion<T>> =>
  fc.oneof(
    fc.constant({}),
    fc.record({ Only: fc.array(item, { maxLength: 2 }) }),
    fc.record({ Except: fc.array(item, { maxLength: 2 }), Only: fc.constant<T[]>([]) }),
  )
const amount: fc.Arbitrary<AmountCriterion> = fc.oneof(
  fc.constantFrom<AmountCriterion[]>({}, { Above: '0' }),
  fc.record({ Above: decimal, Currency: fc.constantFrom('USD', 'ETH') }),
)
const source = fc.record({ MasterKeyName: name, AccountName: name }, { requiredKeys: ['MasterKeyName'] })
const destination: fc.Arbitrary<DestinationSelector> = fc.oneof(
  fc.record({ Address: address }),
  fc.record({ MasterKeyName: name, AccountName: name }),
)
const approvers = {
  RestrictionID: fc.constantFrom('r', 'large transfers (1)'),
  Approvers: fc.array(
    fc.record({
      Groups: fc.array(name, { minLength: 1, maxLength: 3 }),
      RequiredApprovers: fc.integer({ min: 1, max: 1000 }),
    }),
    { maxLength: 2 },
  ),
}
export const approverRestriction: fc.Arbitrary<ApproverRestriction> = fc.record(approvers, {
  requiredKeys: ['RestrictionID'],
})
export const restriction: fc.Arbitrary<TransactionRestriction> = fc.record(
  {
    ...approvers,
    Amount: amount,
    Fee: amount,
    Symbol: lists(fc.constantFrom('ETH', 'é😀"\\')),
    Source: lists(source),
    Destination: lists(destination),
    ExternalDestination: lists(address),
    TransactionFunction: lists(fc.constantFrom('transfer', 'deploy')),
    TestNetwork: fc.boolean(),
    Velocity: fc.record({
      Limit: fc.constantFrom('0', '1', '250000.5'),
      Currency: fc.constantFrom('USD', 'ETH'),
      Per: fc.constantFrom(...velocityScopes),
      WindowSeconds: fc.integer({ min: 60, max: 366 * 86_400 }),
    }),
  },
  { requiredKeys: ['RestrictionID'] },
)

const metadata = <T extends OperationType>(type: T) => ({
  OperationType: fc.constant(type),
  OperationID: fc.constantFrom('a', 'op-1', 'Z'.repeat(96)),
  InitiatorID: fc.oneof(user, fc.constant('')),
  InitiatorName: text,
  Timestamp: fc.constantFrom('2026-11-22T12:00:00.000Z', '1970-01-01T00:00:00.001Z'),
})
/** Add, Delete or both. */
const change = <T extends OperationType, R>(type: T, item: fc.Arbitrary<R>) =>
  fc.oneof(
    fc.record({ ...metadata(type), Add: item }),
    fc.record({ ...metadata(type), Delete: item }),
    fc.record({ ...metadata(type), Add: item, Delete: item }),
  )
const signing = {
  ChainName: text,
  CAIP19: asset,
  Asset: fc.constantFrom('ETH', 'USDC'),
  TestNetwork: fc.boolean(),
  Source: fc.record({ MasterKeyName: name, AccountName: name, AddressIndex: index, Address: address }),
  Function: fc.record({ Name: fc.constantFrom('transfer', 'deploy') }),
}
const evm = fc.record(
  { Gas: digits, MaxFeePerGas: digits, MaxPriorityFeePerGas: digits, Nonce: digits, Data: hex },
  { requiredKeys: [] },
)

/** An arbitrary intent of every operation type. */
export const intentsByType: { [T in OperationType]: fc.Arbitrary<Extract<Intent, { OperationType: T }>> } = {
  'register user': fc.record({ ...metadata('register user'), UserID: user, UserName: text }),
  'set user public key': fc.record({ ...metadata('set user public key'), UserID: user, PublicKey: base64 }),
  'delete user': fc.record({ ...metadata('delete user'), UserID: user, UserName: text }),
  'reset user': fc.record({ ...metadata('reset user'), UserID: user, UserName: text }),
  'update group': fc.record({
    ...metadata('update group'),
    Group: name,
    AddUsers: fc.array(user, { maxLength: 3 }),
    RemoveUsers: fc.array(user, { maxLength: 3 }),
  }),
  'rename group': fc.record({ ...metadata('rename group'), OldName: name, NewName: name }),
  'refresh master key': fc.record({
    ...metadata('refresh master key'),
    Name: name,
    Epoch: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  }),
  'create master key': fc.record({ ...metadata('create master key'), Name: name }),
  'create account': fc.record({ ...metadata('create account'), Name: name, MasterKey: name }),
  'set ers public key': fc.record({ ...metadata('set ers public key'), Key: base64 }),
  'backup master key': fc.record({ ...metadata('backup master key'), Name: name }),
  'update transaction restriction': change('update transaction restriction', restriction),
  'update config restriction': change('update config restriction', approverRestriction),
  'update policy restriction': change('update policy restriction', approverRestriction),
  'update rates': fc.record({
    ...metadata('update rates'),
    Updates: fc.array(
      fc.record(
        { Asset: fc.constantFrom('ETH', 'eip155:1/slip44:60'), USDRate: decimal, USDMin: decimal, USDMax: decimal },
        { requiredKeys: ['Asset'] },
      ),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  'register custom chain': fc.record({
    ...metadata('register custom chain'),
    ChainName: text,
    TestNet: fc.boolean(),
    CAIP19: asset,
    NativeAssetSymbol: fc.constantFrom('ETH', 'X'),
    NativeAssetDecimals: fc.integer({ min: 0, max: 77 }),
  }),
  'unregister chain': fc.record({ ...metadata('unregister chain'), CAIP2: fc.constantFrom('eip155:1') }),
  'register token': fc.record({
    ...metadata('register token'),
    CAIP19: asset,
    Symbol: fc.constantFrom('USDC', 'X'),
    Decimals: fc.integer({ min: 0, max: 77 }),
  }),
  'unregister token': fc.record({ ...metadata('unregister token'), CAIP19: asset }),
  'make transaction': fc.record(
    {
      ...metadata('make transaction'),
      ...signing,
      Destination: fc.array(
        fc.record(
          { Address: address, Amount: decimal, MasterKeyName: name, AccountName: name, AddressIndex: index },
          { requiredKeys: ['Address', 'Amount'] },
        ),
        { maxLength: 3 },
      ),
      RawTransaction: hex,
      DecodedRawTransaction: text,
      EVM: evm,
    },
    {
      requiredKeys: [
        'OperationType',
        'OperationID',
        'InitiatorID',
        'InitiatorName',
        'Timestamp',
        'ChainName',
        'CAIP19',
        'Asset',
        'TestNetwork',
        'Source',
        'Destination',
        'Function',
      ],
    },
  ),
  'generic signing': fc.record({
    ...metadata('generic signing'),
    ...signing,
    DataToSign: text,
    TypeOfSigning: fc.constantFrom('personal_sign', 'eth_signTypedData_v4', 'raw'),
  }),
  seal: fc.record({
    ...metadata('seal'),
    Genesis: fingerprint,
    Epoch: index,
    OwnerGroup: name,
    ApprovalsRequired: fc.integer({ min: 1, max: 65_535 }),
    Users: fc.array(
      fc.record({ UserID: user, KeyFingerprint: fingerprint, Channel: fc.constantFrom(...personalChannels) }),
      { maxLength: 3 },
    ),
    MasterKeys: fc.array(
      fc.record({
        Name: name,
        Curve: fc.constantFrom(...curves),
        PublicKey: raw(33).map(toHex),
        Transcript: fingerprint,
      }),
      { maxLength: 2 },
    ),
    Rates: fc.array(
      fc.record(
        { Asset: fc.constantFrom('ETH', 'BTC'), USDRate: decimal, USDMin: decimal, USDMax: decimal },
        { requiredKeys: ['Asset'] },
      ),
      { maxLength: 2 },
    ),
  }),
  'found again': fc.record({
    ...metadata('found again'),
    Epoch: index,
    Owners: fc.array(
      fc.record(
        { UserID: user, UserName: text, KeyFingerprint: fingerprint },
        { requiredKeys: ['UserID', 'UserName'] },
      ),
      { maxLength: 3 },
    ),
    ApprovalsRequired: fc.integer({ min: 1, max: 65_535 }),
  }),
  'set issuer keys': fc.record({
    ...metadata('set issuer keys'),
    Thumbprints: fc.array(fingerprint, { minLength: 1, maxLength: 3 }),
  }),
  'update settings': fc.oneof(
    fc.record({ ...metadata('update settings'), PendingExpirySeconds: fc.maxSafeNat(), NoSelfApproval: fc.boolean() }),
    fc.record({ ...metadata('update settings'), LooseningDelaySeconds: fc.maxSafeNat() }),
    fc.record({ ...metadata('update settings'), MoneyDefault: fc.constantFrom('owner quorum', 'initiator') }),
  ),
  unfreeze: fc.record({ ...metadata('unfreeze'), Freeze: fc.maxSafeNat() }),
}
export const intent: fc.Arbitrary<Intent> = fc.oneof(...Object.values(intentsByType))
