import { hash } from 'node:crypto'
import {
  concat,
  dataSlice,
  encodeBase58,
  getBytes,
  HDNodeWallet,
  hashMessage,
  Interface,
  keccak256,
  parseUnits,
  sha256,
  Transaction,
  TypedDataEncoder,
  toBeHex,
  zeroPadValue,
} from 'ethers'
import { must } from './violation.ts'

/** What a certified intent says, as JSON.parse alone reads it. */
export interface Seen {
  readonly OperationType: string
  readonly OperationID: string
  readonly InitiatorID: string
  readonly InitiatorName: string
  readonly Timestamp: string
  readonly [field: string]: unknown
}

export interface Signing extends Seen {
  readonly ChainName: string
  readonly CAIP19: string
  readonly Asset: string
  readonly TestNetwork: boolean
  readonly Source: { MasterKeyName: string; AccountName: string; AddressIndex: number; Address: string }
  readonly Function: { Name: string }
  readonly Destination?: { Address: string; Amount: string; MasterKeyName?: string; AccountName?: string }[]
  readonly RawTransaction?: string
  readonly EVM?: { Gas?: string; MaxFeePerGas?: string; MaxPriorityFeePerGas?: string; Nonce?: string; Data?: string }
  readonly DataToSign?: string
  readonly TypeOfSigning?: string
}

export interface Movement {
  asset: string
  /** Undefined: nobody can tell. */
  amount: bigint | undefined
  to: string | undefined
}

/** What one signature may do, from the intent alone. */
export interface Part {
  to: string | null
  value: bigint
  data: string
  nonce: number | undefined
}

export interface Effects {
  function: string
  opaque: boolean
  movements: Movement[]
  fee: bigint
  anyChain: boolean
  parts: Part[]
}

export interface Token {
  symbol: string
  decimals: number
}

const erc20 = new Interface(['function transfer(address to, uint256 amount)'])
export const chainIdOf = (caip19: string): bigint => BigInt(/^eip155:(\d+)\//.exec(caip19)?.[1] ?? '-1')
export const caip2Of = (caip19: string): string => caip19.split('/')[0] ?? ''
const nativeOf = (caip19: string): string => `${caip2Of(caip19)}/slip44:60`

/** Independent of the code under test: ethers reads, this file interprets. */
export function effectsOf(intent: Signing, tokens: ReadonlyMap<string, Token>): Effects {
  if (intent.OperationType === 'generic signing') return messageEffects(intent)
  const { parts, gas, price } =
    intent.RawTransaction === undefined ? structured(intent, tokens) : raw(intent.RawTransaction)
  const understood = parts.map(part => interpret(part, intent.CAIP19, tokens))
  return {
    function: understood[0]?.function ?? 'nothing',
    opaque: false,
    movements: understood.flatMap(({ movements }) => movements),
    fee: BigInt(parts.length) * gas * price,
    anyChain: false,
    parts,
  }
}

function structured(intent: Signing, tokens: ReadonlyMap<string, Token>) {
  const { EVM = {}, Destination = [], CAIP19 } = intent
  const token = tokens.get(CAIP19)
  const parts = Destination.map(({ Address, Amount }, index): Part => {
    const nonce = EVM.Nonce === undefined ? undefined : Number(EVM.Nonce) + index
    if (CAIP19 === nativeOf(CAIP19))
      return { to: Address, value: parseUnits(Amount, 18), data: EVM.Data ?? '0x', nonce }
    must(token !== undefined, `an intent for the unknown asset ${CAIP19} was certified`)
    const data = erc20.encodeFunctionData('transfer', [Address, parseUnits(Amount, token.decimals)])
    return { to: CAIP19.split('erc20:')[1] ?? '', value: 0n, data, nonce }
  })
  return { parts, gas: BigInt(EVM.Gas ?? -1), price: BigInt(EVM.MaxFeePerGas ?? -1) }
}

function raw(bytes: string) {
  const tx = Transaction.from(bytes)
  const part: Part = { to: tx.to, value: tx.value, data: tx.data, nonce: tx.nonce }
  return { parts: [part], gas: tx.gasLimit, price: tx.maxFeePerGas ?? tx.gasPrice ?? -1n }
}

function interpret({ to, value, data }: Part, caip19: string, tokens: ReadonlyMap<string, Token>) {
  const native = nativeOf(caip19)
  const unknown: Movement = { asset: native, amount: undefined, to: to ?? undefined }
  if (to === null) return { function: 'deploy', movements: [unknown] }
  const own: Movement = { asset: native, amount: value, to }
  if (data === '0x') return { function: 'transfer', movements: [own] }
  const asset = [...tokens.keys()].find(key => key.toLowerCase() === `${caip2Of(caip19)}/erc20:${to}`.toLowerCase())
  if (asset !== undefined && value === 0n && data.startsWith('0xa9059cbb') && data.length === 2 + 2 * 68) {
    const [receiver, amount] = erc20.decodeFunctionData('transfer', data)
    if (/^0x0{24}/.test(dataSlice(data, 4, 36)))
      return { function: 'token transfer', movements: [{ asset, amount: BigInt(amount), to: String(receiver) }] }
  }
  return { function: 'contract call', movements: [own, unknown] }
}

function messageEffects(intent: Signing): Effects {
  const kinds = { personal_sign: 'personal sign', eth_signTypedData_v4: 'typed data', raw: 'raw digest' }
  const unknown: Movement = { asset: nativeOf(intent.CAIP19), amount: undefined, to: undefined }
  const kind = kinds[intent.TypeOfSigning as keyof typeof kinds]
  const bound =
    intent.TypeOfSigning === 'eth_signTypedData_v4' && typedDomain(intent.DataToSign ?? '').chainId !== undefined
  return { function: kind, opaque: kind === 'raw digest', movements: [unknown], fee: 0n, anyChain: !bound, parts: [] }
}

const typedDomain = (text: string): { chainId?: unknown } => JSON.parse(text).domain

/** The 32 bytes that a generic signing intent stands for. */
export function messageDigest(intent: Signing): string {
  const data = intent.DataToSign ?? ''
  if (intent.TypeOfSigning === 'raw') return data
  if (intent.TypeOfSigning === 'personal_sign') return hashMessage(data.startsWith('0x') ? getBytes(data) : data)
  const { domain, types, message } = JSON.parse(data)
  const { EIP712Domain: _, ...own } = types
  return TypedDataEncoder.hash(domain, own, message)
}

/** Why these unsigned bytes are not part `part` of the intent; undefined when they are. */
export function difference(intent: Signing, effects: Effects, part: number, unsigned: Uint8Array): string | undefined {
  const bytes = `0x${Buffer.from(unsigned).toString('hex')}`
  if (intent.RawTransaction !== undefined)
    return part === 0 && bytes === intent.RawTransaction ? undefined : 'other bytes than the approved raw transaction'
  const wanted = effects.parts[part]
  if (wanted === undefined) return `there is no part ${part}`
  const tx = Transaction.from(bytes)
  const { Gas = '-1', MaxFeePerGas = '-1', MaxPriorityFeePerGas = '-1' } = intent.EVM ?? {}
  if (tx.unsignedSerialized !== bytes) return 'not the one encoding of an unsigned transaction'
  if (tx.type !== 2) return `type ${tx.type}`
  if (tx.chainId !== chainIdOf(intent.CAIP19)) return `chain id ${tx.chainId}`
  if (tx.to?.toLowerCase() !== wanted.to?.toLowerCase()) return `to ${tx.to}`
  if (tx.value !== wanted.value) return `value ${tx.value}`
  if (tx.data !== wanted.data) return 'data'
  if (tx.accessList !== null && tx.accessList.length > 0) return 'access list'
  if (wanted.nonce !== undefined && tx.nonce !== wanted.nonce) return `nonce ${tx.nonce}`
  if (tx.gasLimit > BigInt(Gas)) return `gas ${tx.gasLimit}`
  if ((tx.maxFeePerGas ?? -1n) > BigInt(MaxFeePerGas)) return `fee per gas ${tx.maxFeePerGas}`
  if ((tx.maxPriorityFeePerGas ?? -1n) > BigInt(MaxPriorityFeePerGas)) return `priority fee ${tx.maxPriorityFeePerGas}`
  return undefined
}

/** Digest and nonce of unsigned bytes. */
export function transactionDigest(unsigned: Uint8Array): { digest: string; nonce: number } {
  const tx = Transaction.from(`0x${Buffer.from(unsigned).toString('hex')}`)
  return { digest: keccak256(unsigned), nonce: tx.nonce }
}

/** An address below a master key, derived by ethers: m/44/60/account/index. */
export function deriveAddress(publicKey: Uint8Array, chainCode: Uint8Array, account: number, index: number): string {
  const body = concat(['0x0488b21e', '0x00', zeroPadValue('0x00', 4), zeroPadValue('0x00', 4), chainCode, publicKey])
  const checked = concat([body, dataSlice(sha256(sha256(body)), 0, 4)])
  const root = HDNodeWallet.fromExtendedKey(encodeBase58(toBeHex(BigInt(checked), 82)))
  return root.derivePath(`44/60/${account}/${index}`).address
}

/** What an owner's device signs, as SPEC.md of the protocol has it: tag, vault, kind, operation, counter. */
export function holdBytes(vaultId: Uint8Array, kind: string, operationId: string, counter: number): Uint8Array {
  const tag = Buffer.from('trivault/v1/hold')
  const [length, number] = [Buffer.alloc(4), Buffer.alloc(8)]
  length.writeUInt32BE(operationId.length)
  number.writeBigUInt64BE(BigInt(counter))
  const kinds = Uint8Array.of(['freeze', 'veto'].indexOf(kind))
  const said = [Uint8Array.of(tag.length), tag, vaultId, kinds, length, Buffer.from(operationId), number]
  return hash('sha256', Buffer.concat(said), 'buffer')
}
