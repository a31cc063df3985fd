import { getAddress, Interface, Transaction } from 'ethers'
import { type Effects, effectsOf, type Signing } from './effects.ts'
import { ether, type World } from './world.ts'

export const addressOf = (end: string) => getAddress(`0x${end.padStart(40, '0')}`)
const friends = ['aa', 'bb', 'cc'].map(addressOf)
export const thief = addressOf('ee')
export const token = 'eip155:31337/erc20:0x5FbDB2315678afecb367f032d93F642f64180aa3'
const erc20 = new Interface([
  'function transfer(address to, uint256 amount)',
  'function approve(address to, uint256 amount)',
])
const fees = { Gas: '60000', MaxFeePerGas: '2000000000', MaxPriorityFeePerGas: '1000000000' }
const chains: Record<string, { name: string; test: boolean }> = {
  [ether]: { name: 'Local dev chain', test: true },
  'eip155:1/slip44:60': { name: 'Ethereum', test: false },
  'eip155:10/slip44:60': { name: 'OP Mainnet', test: false },
  [token]: { name: 'Local dev chain', test: true },
}
const amounts = ['0.25', '1', '0.000000000000000001', '2.5', '3', '0.1', '40']

/** Something that honest people want signed. `key`: the master key it comes from. */
export function signingWish(world: World, key: string): Signing {
  const { random, oracle } = world
  const initiator = random.pick(['alice@example.com', 'bob@example.com', 'dave@example.com', ''])
  const kind = random.pick(['native', 'native', 'native', 'token', 'call', 'raw', 'message', 'typed', 'digest'])
  const hasToken = oracle.tokens.has(token)
  const CAIP19 =
    kind === 'token' && hasToken
      ? token
      : kind === 'token'
        ? ether
        : random.pick([ether, ether, 'eip155:1/slip44:60', 'eip155:10/slip44:60'])
  const account = random.pick(['treasury', 'payroll'])
  const source = [...oracle.own].find(([, own]) => own.masterKey === key && own.account === account)?.[0] ?? ''
  const Address = world.log.state.addresses.get(`${key}/${account}/60/0`)?.address ?? source
  const Source = { MasterKeyName: key, AccountName: account, AddressIndex: 0, Address }
  const { name: ChainName, test: TestNetwork } = chains[CAIP19] ?? { name: '', test: false }
  const type = ['message', 'typed', 'digest'].includes(kind) ? 'generic signing' : 'make transaction'
  const base = {
    ...world.wishBase(type, oracle.users.has(initiator) ? initiator : ''),
    ChainName,
    CAIP19,
    Asset: CAIP19 === token ? 'TKN' : 'ETH',
    TestNetwork,
  }
  const named = (intent: Omit<Signing, 'Function'>): { Name: string } => ({
    Name: effectsOf({ ...intent, Function: { Name: '' } } as Signing, oracle.tokens).function,
  })
  if (type === 'generic signing') {
    const chainId = Number(CAIP19.slice(7, CAIP19.indexOf('/')))
    const message = { ...base, ...messageOf(kind, chainId, base.OperationID), Source } as unknown as Signing
    return { ...message, Function: named(message) }
  }
  const to = () => random.pick([...friends, thief])
  const destinations = Array.from({ length: kind === 'call' || kind === 'raw' ? 1 : 1 + random.int(3) }, () => ({
    Address: to(),
    Amount: CAIP19 === token ? random.pick(['1', '250', '0.5', '9000']) : random.pick(amounts),
  }))
  const [first] = destinations
  const data = erc20.encodeFunctionData(random.pick(['transfer', 'approve']), [to(), 7n])
  if (kind === 'raw' && first !== undefined) {
    const tx = Transaction.from({
      ...{ type: 2, chainId: BigInt(CAIP19.slice(7, CAIP19.indexOf('/'))), nonce: world.nonceOf(Address + CAIP19) },
      ...{ to: first.Address, value: 5n, data: random.next() < 0.5 ? '0x' : data, gasLimit: 60000n },
      ...{ maxFeePerGas: 2_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n },
    })
    const intent = { ...base, Source, Destination: [], RawTransaction: tx.unsignedSerialized } as unknown as Signing
    const { RawTransaction, ...before } = intent
    return { ...before, Function: named(intent), RawTransaction } as Signing
  }
  const nonce = random.next() < 0.3 ? { Nonce: `${world.nonceOf(Address + CAIP19)}` } : {}
  const EVM = { ...fees, ...nonce, ...(kind === 'call' ? { Data: data } : {}) }
  const intent = { ...base, Source, Destination: destinations } as unknown as Signing
  return { ...intent, Function: named({ ...intent, EVM }), EVM } as Signing
}

function messageOf(kind: string, chainId: number, id: string): { DataToSign: string; TypeOfSigning: string } {
  if (kind === 'message') return { DataToSign: `I am ${id}`, TypeOfSigning: 'personal_sign' }
  if (kind === 'digest')
    return { DataToSign: `0x${Buffer.from(id).toString('hex').padStart(64, '0')}`, TypeOfSigning: 'raw' }
  const types = {
    EIP712Domain: [
      { name: 'name', type: 'string' },
      { name: 'chainId', type: 'uint256' },
    ],
    Order: [
      { name: 'id', type: 'string' },
      { name: 'amount', type: 'uint256' },
    ],
  }
  const typed = { types, primaryType: 'Order', domain: { name: 'Shop', chainId }, message: { id, amount: '12' } }
  return { DataToSign: JSON.stringify(typed), TypeOfSigning: 'eth_signTypedData_v4' }
}

/** The unsigned bytes of one part, as an honest wallet builds them, or with one thing changed. */
export function unsignedOf(
  intent: Signing,
  effects: Effects,
  part: number,
  changes: Record<string, unknown> = {},
): Uint8Array {
  if (intent.OperationType === 'generic signing') return new Uint8Array(0)
  const wanted = effects.parts[part] ?? effects.parts[0]
  if (wanted === undefined) return new Uint8Array(0)
  const { Gas = '60000', MaxFeePerGas = '2000000000', MaxPriorityFeePerGas = '1000000000' } = intent.EVM ?? {}
  const tx = Transaction.from({
    ...{ type: 2, chainId: BigInt(intent.CAIP19.slice(7, intent.CAIP19.indexOf('/'))), nonce: wanted.nonce ?? 0 },
    ...{ to: wanted.to, value: wanted.value, data: wanted.data, gasLimit: BigInt(Gas) },
    ...{ maxFeePerGas: BigInt(MaxFeePerGas), maxPriorityFeePerGas: BigInt(MaxPriorityFeePerGas) },
    ...changes,
  })
  return Buffer.from(tx.unsignedSerialized.slice(2), 'hex')
}
