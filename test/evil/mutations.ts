import { Transaction, type TransactionLike } from 'ethers'
import type { Random } from '../../packages/ledger/src/testing/random.ts'
import { difference, type Effects, type Seen, type Signing } from './effects.ts'
import { thief, unsignedOf } from './wishes.ts'

export interface Mutant {
  name: string
  bytes: Uint8Array
}

const utf8 = (text: string) => new TextEncoder().encode(text)

function leaves(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, item]) =>
    leaves(item, [...path, Array.isArray(value) ? Number(key) : key]),
  )
}

/** A deep copy with one field changed. */
function changed(root: unknown, path: readonly (string | number)[], change: (old: unknown) => unknown): unknown {
  const [head, ...rest] = path
  if (head === undefined) return change(root)
  if (Array.isArray(root)) return root.map((item, index) => (index === head ? changed(item, rest, change) : item))
  const entries = Object.entries(root as Record<string, unknown>)
  return Object.fromEntries(entries.map(([key, item]) => [key, key === head ? changed(item, rest, change) : item]))
}

function otherValue(random: Random, old: unknown): unknown {
  if (typeof old === 'number') return random.pick([old + 1, -old - 1, old + 0.5, 2 ** 53])
  if (typeof old === 'boolean') return random.pick([!old, 'true', 1])
  const text = String(old)
  if (/^0x[0-9a-fA-F]{40}$/.test(text)) return random.pick([thief, text.toLowerCase(), text.toUpperCase(), `${text}0`])
  if (/^\d+(\.\d+)?$/.test(text))
    return random.pick([
      `${text}0`,
      `${text}.0`,
      `0${text}`,
      `-${text}`,
      `${text}e1`,
      `${Number(text) + 1}`,
      '',
      '∞',
      Number(text),
    ])
  return random.pick([
    `${text}\u202e`,
    `${text} `,
    text.toUpperCase(),
    '',
    thief,
    `x${text}`,
    null,
    `${text}\u0000`,
    'ＥＴＨ',
  ])
}

/** The intent with one thing changed: a field, its form, or its place. */
export function mutateIntent(random: Random, intent: Seen, id: string): Mutant {
  const text = JSON.stringify(intent)
  const renamed = { ...intent, OperationID: id }
  const fields = leaves(renamed).filter(([field]) => field !== 'OperationID' && field !== 'OperationType')
  const path = random.pick(fields)
  const of = (value: unknown) => utf8(JSON.stringify(value))
  const kinds: Record<string, () => Uint8Array> = {
    'a field changed': () => of(changed(renamed, path, old => otherValue(random, old))),
    'a field renamed': () =>
      utf8(JSON.stringify(renamed).replace(`"${path[0]}"`, `"${String(path[0]).toLowerCase()}"`)),
    'a field dropped': () => of(Object.fromEntries(Object.entries(renamed).filter(([key]) => key !== path[0]))),
    'a field added': () =>
      of({ ...renamed, [random.pick(['Extra', 'DecodedRawTransaction', 'RawTransaction', 'EVM', 'Approvers'])]: '0x' }),
    'a field twice': () =>
      utf8(JSON.stringify(renamed).replace(/}$/, `,"${path[0]}":${JSON.stringify(intent[String(path[0])])}}`)),
    'fields in another order': () => of(Object.fromEntries(Object.entries(renamed).reverse())),
    'white space': () => utf8(JSON.stringify(renamed, null, 1)),
    'bytes flipped': () => flipped(random, utf8(JSON.stringify(renamed))),
    'another type': () =>
      utf8(
        JSON.stringify(renamed).replace(
          intent.OperationType,
          random.pick(['generic signing', 'register user', 'drain']),
        ),
      ),
    'an old timestamp': () =>
      of({ ...renamed, Timestamp: shifted(intent.Timestamp, random.pick([-3_600_000, -61_000, 61_000, 3_600_000])) }),
    'another initiator': () =>
      of({
        ...renamed,
        InitiatorID: random.pick(['mallory@example.com', 'bob@example.com', 'nobody@example.com', '']),
      }),
    'an id that is not its own': () => utf8(text),
  }
  const name = random.pick(Object.keys(kinds))
  return { name: `intent: ${name}`, bytes: kinds[name]?.() ?? utf8(text) }
}

const shifted = (timestamp: string, by: number) => new Date(Date.parse(timestamp) + by).toISOString()

export function flipped(random: Random, bytes: Uint8Array): Uint8Array {
  const at = random.int(Math.max(1, bytes.length))
  return Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ (1 << random.int(8)) : byte))
}

export interface Execution extends Mutant {
  part: number
  variant: number
}

/** Unsigned bytes that are not quite what was approved. */
export function mutateExecution(
  random: Random,
  intent: Signing,
  effects: Effects,
  nonce: number,
  other: Uint8Array,
): Execution {
  const part = random.int(Math.max(1, effects.parts.length))
  const base = unsignedOf(intent, effects, part, { nonce })
  const wanted = effects.parts[part]
  const field = (changes: TransactionLike) => unsignedOf(intent, effects, part, { nonce, ...changes })
  const chainId = BigInt(intent.CAIP19.slice(7, intent.CAIP19.indexOf('/')))
  const gas = BigInt(intent.EVM?.Gas ?? 60000)
  const [most, tip] = [BigInt(intent.EVM?.MaxFeePerGas ?? 2e9), BigInt(intent.EVM?.MaxPriorityFeePerGas ?? 1e9)]
  const value = wanted?.value ?? 0n
  const kinds: Record<string, () => Uint8Array> = {
    'another chain id': () =>
      field({ chainId: random.pick([1n, 10n, 31337n, 0n, chainId + 1n].filter(id => id !== chainId)) }),
    'another receiver': () => field({ to: `0x${random.pick(['ef', 'dd']).padStart(40, '0')}` }),
    'a deployment': () => field({ to: null, data: '0x6001' }),
    'another amount': () => field({ value: random.pick([value + 1n, value * 10n + 1n, value + 10n ** 18n]) }),
    'other data': () => field({ data: wanted?.data === '0x' ? '0xa9059cbb' : `${wanted?.data}00` }),
    'more gas': () => field({ gasLimit: gas + BigInt(1 + random.int(1_000_000)) }),
    'a higher fee': () => field({ maxFeePerGas: most + BigInt(1 + random.int(1_000_000_000)) }),
    'a higher tip': () =>
      field({ maxPriorityFeePerGas: tip + BigInt(1 + random.int(1_000_000_000)), maxFeePerGas: most * 2n }),
    'an access list': () => field({ accessList: [{ address: thief, storageKeys: [] }] }),
    'another nonce': () => field({ nonce: nonce + 1 + random.int(5) }),
    'lower fees': () => field({ maxFeePerGas: most - 1n, maxPriorityFeePerGas: tip - 1n }),
    'a legacy transaction': () => typed({ type: 0, gasPrice: most }),
    'a legacy transaction for any chain': () => typed({ type: 0, gasPrice: most, chainId: 0n }),
    'an access list transaction': () => typed({ type: 1, gasPrice: most, accessList: [] }),
    'a signed transaction': () => {
      const tx = Transaction.from(`0x${Buffer.from(base).toString('hex')}`)
      tx.signature = { r: `0x${'11'.repeat(32)}`, s: `0x${'22'.repeat(32)}`, yParity: 0 } as never
      return Buffer.from(tx.serialized.slice(2), 'hex')
    },
    'bytes at the end': () => Buffer.concat([base, Uint8Array.of(random.int(256))]),
    'bytes missing': () => base.slice(0, -1 - random.int(5)),
    'nothing at all': () => new Uint8Array(0),
    'a byte flipped': () => flipped(random, base),
    "another operation's bytes": () => other,
  }
  const typed = (changes: TransactionLike) => {
    const { to = null, data = '0x' } = wanted ?? {}
    const tx = Transaction.from({ chainId, nonce, to, value, data, gasLimit: gas, ...changes })
    return Buffer.from(tx.unsignedSerialized.slice(2), 'hex')
  }
  const name =
    intent.OperationType === 'generic signing' ? 'a transaction for a message' : random.pick(Object.keys(kinds))
  const bytes = kinds[name]?.() ?? (other.length > 0 ? other : Uint8Array.of(2))
  const shift = random.next()
  return {
    name: `execute: ${name}`,
    bytes,
    part: shift < 0.08 ? part + 1 + (random.int(300 - part) % 250) : part,
    variant: shift > 0.92 ? 1 + random.int(20) : 0,
  }
}

/** Whether ethers reads the bytes as what was approved: then a certificate for them is no harm. */
export function isHarmless(intent: Signing, effects: Effects, { part, bytes }: Execution): boolean {
  try {
    return difference(intent, effects, part, bytes) === undefined
  } catch {
    return false
  }
}
