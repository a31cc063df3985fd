import { sha256 } from '@noble/hashes/sha2.js'
import { toHex } from '@trivault/codec'
import type { FunctionName } from '@trivault/protocol'
import { type DecodedCall, decodeCall } from './evm/call.ts'
import { formatHex } from './hex.ts'
import { printable } from './printable.ts'
import type { ChainContext, Effects, MessageEffects, Movement, TransactionEffects } from './types.ts'
import { formatUnits } from './units.ts'

const headlines: Record<FunctionName, string> = {
  transfer: 'Transfer',
  'token transfer': 'Token transfer',
  'contract call': 'Contract call',
  deploy: 'Contract creation',
  'personal sign': 'Sign a message',
  'typed data': 'Sign typed data',
  'raw digest': 'Sign a raw digest',
}

const shownDataBytes = 256

/**
 * What will be signed, as lines of text for an approver: what, from whom, to whom, how much, at most which fee. Addresses are
 * never shortened. `context` is the chain and the tokens as the nodes know them.
 */
export function describe(effects: Effects | TransactionEffects | MessageEffects, context: ChainContext): string[] {
  const { chain } = context
  const lines = [
    `${headlines[effects.function]} on ${printable(chain.name)} (${chain.caip2}${chain.testNetwork ? ', test network' : ''})`,
    `From ${effects.from}`,
  ]
  if ('typeOfSigning' in effects) {
    lines.push('Message:', ...effects.text.map(line => `  ${line}`))
    if (effects.anyChain) lines.push('WARNING: it names no chain, so it is as good on every network, main or test')
  } else {
    lines.push(...effects.movements.map(movement => movementLine(effects.function, movement, context)))
    if ('unsigned' in effects) lines.push(...transactionLines(effects, context))
    lines.push(`Fee at most ${amountText(effects.feeCeiling, chain.nativeAsset, context)}`)
  }
  if (effects.grade === 'opaque') lines.push('WARNING: nobody can tell what this signature will set free')
  else if (effects.unknownAmounts) lines.push('WARNING: more than what is shown may move')
  return lines
}

function movementLine(name: FunctionName, { asset, destination, amount }: Movement, context: ChainContext): string {
  const sum = amountText(amount, asset, context)
  if (name === 'contract call') return `Call ${destination} with ${sum}`
  if (name === 'deploy') return `Create ${destination} with ${sum}`
  return `Send ${sum} to ${destination}`
}

function transactionLines(effects: TransactionEffects, context: ChainContext): string[] {
  const lines = [`Nonce ${effects.nonce}`]
  if (effects.grade !== 'exact') return lines
  const call = effects.to === null ? undefined : decodeCall(effects.data)
  if (call !== undefined) lines.push(`Function ${call.name}(${callText(call, effects, context)})`)
  const { length } = effects.data
  const more = length > shownDataBytes ? '…' : ''
  lines.push(`Data, ${length} bytes, SHA-256 ${toHex(sha256(effects.data))}`)
  lines.push(`  ${formatHex(effects.data.subarray(0, shownDataBytes))}${more}`)
  return lines
}

function callText(call: DecodedCall, effects: TransactionEffects, context: ChainContext): string {
  const token = `${effects.caip2}/erc20:${effects.to}`
  return call.words
    .map(({ name, value }) => {
      if (name !== 'amount' || typeof value !== 'bigint') return `${name} ${value}`
      return `${name} ${value === 2n ** 256n - 1n ? 'unlimited' : amountText(value, token, context)}`
    })
    .join(', ')
}

function amountText(amount: bigint, asset: string, { chain, tokens }: ChainContext): string {
  const unit = asset === chain.nativeAsset ? chain : tokens(asset)
  return unit === undefined
    ? `${amount} smallest units of ${asset}`
    : `${formatUnits(amount, unit.decimals)} ${printable(unit.symbol)}`
}
