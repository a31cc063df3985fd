import fc from 'fast-check'
import {
  type AmountCriterion,
  type Criterion,
  type DestinationSelector,
  type Intent,
  type OperationType,
  type TransactionRestriction,
  VaultError,
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
export const restriction: fc.Arbitrary<TransactionRestriction> = fc.record(
  {
    RestrictionID: fc.constantFrom('r', 'large transfers (1)'),
    Approvers: fc.array(
      fc.record({
        Groups: fc.array(name, { minLength: 1, maxLength: 3 }),
        RequiredApprovers: fc.integer({ min: 1, max: 1000 }),
      }),
      { maxLength: 2 },
    ),
    Amount: amount,
    Fee: amount,
    Symbol: lists(text),
    Source: lists(source),
    Destination: lists(destination),
    ExternalDestination: lists(address),
    TransactionFunction: lists(fc.constantFrom('transfer', 'deploy')),
    TestNetwork: fc.boolean(),
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
  'update group': fc.record({
    ...metadata('update group'),
    Group: name,
    AddUsers: fc.array(user, { maxLength: 3 }),
    RemoveUsers: fc.array(user, { maxLength: 3 }),
  }),
  'create master key': fc.record({ ...metadata('create master key'), Name: name }),
  'create account': fc.record({ ...metadata('create account'), Name: name, MasterKey: name }),
  'set ers public key': fc.record({ ...metadata('set ers public key'), Key: base64 }),
  'backup master key': fc.record({ ...metadata('backup master key'), Name: name }),
  'update transaction restriction': fc
    .record(
      { ...metadata('update transaction restriction'), Add: restriction, Delete: restriction },
      { requiredKeys: ['OperationType', 'OperationID', 'InitiatorID', 'InitiatorName', 'Timestamp', 'Add'] },
    )
    .map(({ Add, ...rest }) => (rest.Delete === undefined || Add.TestNetwork === false ? { ...rest, Add } : rest)),
  'register custom chain': fc.record({
    ...metadata('register custom chain'),
    ChainName: text,
    TestNet: fc.boolean(),
    CAIP19: asset,
    NativeAssetSymbol: fc.constantFrom('ETH', 'X'),
    NativeAssetDecimals: fc.integer({ min: 0, max: 77 }),
  }),
  'register token': fc.record({
    ...metadata('register token'),
    CAIP19: asset,
    Symbol: fc.constantFrom('USDC', 'X'),
    Decimals: fc.integer({ min: 0, max: 77 }),
  }),
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
}
export const intent: fc.Arbitrary<Intent> = fc.oneof(...Object.values(intentsByType))
