import { keccak_256 } from '@noble/hashes/sha3.js'
import { concat, utf8 } from '@trivault/codec'
import { ChainError } from '../errors.ts'
import { formatHex, parseHex, uintToWord } from '../hex.ts'
import { printable } from '../printable.ts'
import type { Chain } from '../types.ts'
import { addressBytes, parseAddress } from './address.ts'

interface Field {
  readonly name: string
  readonly type: string
}
type Types = ReadonlyMap<string, readonly Field[]>

/** A value's 32-byte encoding (EIP-712 `encodeData`) and its lines for people. */
interface Encoded {
  readonly word: Uint8Array
  readonly lines: readonly string[]
}

const maxDepth = 16
const maxTypes = 64
const maxFields = 64
const identifier = /^[A-Za-z_$][A-Za-z0-9_$]{0,63}$/
const atomic =
  /^(address|bool|string|bytes|bytes([1-9]|[12][0-9]|3[0-2])|u?int(8|16|24|32|40|48|56|64|72|80|88|96|104|112|120|128|136|144|152|160|168|176|184|192|200|208|216|224|232|240|248|256))$/
const reserved = /^(address|bool|string|bytes[0-9]*|u?int[0-9]*|function|u?fixed[0-9x]*)$/

// EIP-712 fixes names, types and order of the domain's fields; any may be absent.
const domainFields: readonly Field[] = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
  { name: 'salt', type: 'bytes32' },
]

/**
 * Digest and text of EIP-712 typed data in the JSON form of eth_signTypedData_v4. Anything that two readers could read
 * differently is refused: unknown, missing or repeated fields, null, cyclic types, numbers beyond 2^53 that are not text.
 * Throws `ChainError` typed_data_malformed, typed_data_other_chain.
 */
export function decodeTypedData(text: string, chain: Chain): { digest: Uint8Array; anyChain: boolean; text: string[] } {
  const root = record(parse(text), 'typed data')
  exactKeys(root, ['types', 'primaryType', 'domain', 'message'], 'typed data')
  const types = readTypes(root.types)
  checkDomainType(types)
  const primaryType = root.primaryType
  if (typeof primaryType !== 'string' || !types.has(primaryType) || primaryType === 'EIP712Domain')
    throw malformed('primaryType must name one of the types')
  const domain = record(root.domain, 'domain')
  const anyChain = !Object.hasOwn(domain, 'chainId')
  if (!anyChain && `eip155:${integer(domain.chainId, 'domain.chainId')}` !== chain.caip2)
    throw new ChainError(
      'typed_data_other_chain',
      `the typed data is for chain id ${printable(String(domain.chainId))}, not for ${chain.caip2}`,
    )
  const encoder = new Encoder(types)
  const separator = encoder.struct('EIP712Domain', domain, 'Domain', 0)
  const message = encoder.struct(primaryType, root.message, primaryType, 0)
  return {
    digest: keccak_256(concat(Uint8Array.of(0x19, 0x01), separator.word, message.word)),
    anyChain,
    text: [...separator.lines, ...message.lines],
  }
}

class Encoder {
  readonly #types: Types
  readonly #hashes = new Map<string, Uint8Array>()

  constructor(types: Types) {
    this.#types = types
  }

  struct(type: string, value: unknown, label: string, depth: number): Encoded {
    if (depth > maxDepth) throw malformed('the data is nested too deeply')
    const fields = this.#types.get(type)
    if (fields === undefined) throw malformed(`unknown type ${printable(type)}`)
    const members = record(value, label)
    exactKeys(
      members,
      fields.map(field => field.name),
      label,
    )
    const encoded = fields.map(field => this.#value(field.type, members[field.name], field.name, depth + 1))
    const word = keccak_256(concat(this.#typeHash(type), ...encoded.map(field => field.word)))
    return { word, lines: nested(label, type, encoded) }
  }

  #value(type: string, value: unknown, label: string, depth: number): Encoded {
    const array = /^(.+)\[([1-9][0-9]{0,3})?\]$/.exec(type)
    if (array !== null) return this.#array(array[1] ?? '', array[2], value, label, depth)
    if (this.#types.has(type)) return this.struct(type, value, label, depth)
    const { word, shown } = atom(type, value, label)
    return { word, lines: [`${label}: ${shown}`] }
  }

  #array(type: string, size: string | undefined, value: unknown, label: string, depth: number): Encoded {
    if (depth > maxDepth) throw malformed('the data is nested too deeply')
    if (!Array.isArray(value)) throw malformed(`${label} must be an array`)
    if (size !== undefined && value.length !== Number(size)) throw malformed(`${label} must have ${size} items`)
    const items = value.map((item: unknown, i) => this.#value(type, item, `[${i}]`, depth + 1))
    const shape = `${type}[${size ?? ''}]`
    return { word: keccak_256(concat(...items.map(item => item.word))), lines: nested(label, shape, items) }
  }

  /** keccak-256 of `encodeType`: the type, then every type it refers to in alphabetical order. */
  #typeHash(type: string): Uint8Array {
    const known = this.#hashes.get(type)
    if (known !== undefined) return known
    const referenced = new Set<string>()
    this.#collect(type, referenced)
    referenced.delete(type)
    const text = [type, ...[...referenced].sort()].map(name => {
      const members = (this.#types.get(name) ?? []).map(field => `${field.type} ${field.name}`)
      return `${name}(${members.join(',')})`
    })
    const hash = keccak_256(utf8(text.join('')))
    this.#hashes.set(type, hash)
    return hash
  }

  #collect(type: string, into: Set<string>): void {
    if (into.has(type)) return
    into.add(type)
    for (const field of this.#types.get(type) ?? []) {
      const base = baseType(field.type)
      if (this.#types.has(base)) this.#collect(base, into)
    }
  }
}

function atom(type: string, value: unknown, label: string): { word: Uint8Array; shown: string } {
  if (type === 'string') {
    if (typeof value !== 'string' || !value.isWellFormed()) throw malformed(`${label} must be well-formed text`)
    return { word: keccak_256(utf8(value)), shown: printable(value) }
  }
  if (type === 'bool') {
    if (typeof value !== 'boolean') throw malformed(`${label} must be true or false`)
    return { word: uintToWord(value ? 1n : 0n), shown: String(value) }
  }
  if (type === 'address') {
    const address = guarded(label, () => parseAddress(typeof value === 'string' ? value : ''))
    return { word: concat(new Uint8Array(12), addressBytes(address)), shown: address }
  }
  if (type.startsWith('bytes')) {
    const bytes = guarded(label, () => parseHex(typeof value === 'string' ? value : ''))
    const size = type.slice(5)
    if (size === '') return { word: keccak_256(bytes), shown: formatHex(bytes) }
    if (bytes.length !== Number(size)) throw malformed(`${label} must have ${size} bytes`)
    return { word: concat(bytes, new Uint8Array(32 - bytes.length)), shown: formatHex(bytes) }
  }
  const signed = type.startsWith('int')
  const bits = BigInt(type.slice(signed ? 3 : 4))
  const number = integer(value, label)
  const [low, high] = signed ? [-(1n << (bits - 1n)), 1n << (bits - 1n)] : [0n, 1n << bits]
  if (number < low || number >= high) throw malformed(`${label} is out of range for ${type}`)
  return { word: uintToWord(BigInt.asUintN(256, number)), shown: String(number) }
}

/** A JSON integer, or its text: plain decimal, or 0x hex. */
function integer(value: unknown, label: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  if (typeof value === 'string' && value.length <= 80 && /^(0|-?[1-9][0-9]*|0x[0-9a-fA-F]+)$/.test(value))
    return BigInt(value)
  throw malformed(`${label} must be an integer, or its decimal or 0x text`)
}

function readTypes(value: unknown): Types {
  const entries = Object.entries(record(value, 'types'))
  if (entries.length > maxTypes) throw malformed(`at most ${maxTypes} types`)
  const types = new Map<string, Field[]>()
  for (const [name, list] of entries) {
    if (!identifier.test(name) || reserved.test(name)) throw malformed(`${printable(name)} is not a name for a type`)
    if (!Array.isArray(list) || list.length > maxFields)
      throw malformed(`${name} must be an array of at most ${maxFields} fields`)
    const fields = list.map((entry: unknown) => readField(entry, name))
    if (new Set(fields.map(field => field.name)).size !== fields.length) throw malformed(`${name} repeats a field`)
    types.set(name, fields)
  }
  for (const fields of types.values())
    for (const field of fields) {
      const base = baseType(field.type)
      if (!atomic.test(base) && !types.has(base)) throw malformed(`unknown type ${printable(field.type)}`)
    }
  const done = new Set<string>()
  for (const name of types.keys()) refuseCycle(types, name, [], done)
  return types
}

function readField(value: unknown, owner: string): Field {
  const field = record(value, `a field of ${owner}`)
  exactKeys(field, ['name', 'type'], `a field of ${owner}`)
  const { name, type } = field
  if (typeof name !== 'string' || !identifier.test(name)) throw malformed(`${owner} has a field without a proper name`)
  if (typeof type !== 'string' || !/^[A-Za-z_$][A-Za-z0-9_$]{0,63}(\[([1-9][0-9]{0,3})?\]){0,4}$/.test(type))
    throw malformed(`${owner}.${name} has no proper type`)
  return { name, type }
}

/** Depth first; `done` holds types that were found to end, so that each is walked once. */
function refuseCycle(types: Types, name: string, path: readonly string[], done: Set<string>): void {
  if (done.has(name)) return
  if (path.includes(name)) throw malformed(`the type ${name} contains itself`)
  for (const field of types.get(name) ?? []) {
    const base = baseType(field.type)
    if (types.has(base)) refuseCycle(types, base, [...path, name], done)
  }
  done.add(name)
}

function checkDomainType(types: Types): void {
  const declared = types.get('EIP712Domain')
  if (declared === undefined || declared.length === 0)
    throw malformed('types must contain EIP712Domain with at least one field')
  let at = -1
  for (const field of declared) {
    const position = domainFields.findIndex(known => known.name === field.name && known.type === field.type)
    if (position <= at) throw malformed('EIP712Domain has fields other than those of EIP-712, or in another order')
    at = position
  }
}

/** Parses JSON that a reader cannot take in two ways: apart from white space it must be what JSON.stringify writes. */
function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    const compact = text.replace(/("(?:[^"\\]|\\.)*")|[ \t\r\n]+/g, '$1')
    if (JSON.stringify(value) === compact) return value
  } catch (cause) {
    throw new ChainError('typed_data_malformed', 'typed data must be JSON', { cause })
  }
  throw malformed('the JSON repeats a key or spells a number or character in an unusual way')
}

function nested(label: string, type: string, parts: readonly Encoded[]): string[] {
  return [`${label} (${type})`, ...parts.flatMap(part => part.lines.map(line => `  ${line}`))]
}

function baseType(type: string): string {
  return type.replace(/\[.*$/, '')
}

function record(value: unknown, label: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`${label} must be an object`)
  return value as Record<string, unknown>
}

function exactKeys(value: Record<string, unknown>, names: readonly string[], label: string): void {
  for (const name of names) if (!Object.hasOwn(value, name)) throw malformed(`${label} lacks ${name}`)
  for (const name of Object.keys(value))
    if (!names.includes(name)) throw malformed(`${label} has the unknown field ${printable(name)}`)
}

function guarded<T>(label: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new ChainError('typed_data_malformed', `${label}: ${cause instanceof Error ? cause.message : 'malformed'}`, {
      cause,
    })
  }
}

function malformed(message: string): ChainError {
  return new ChainError('typed_data_malformed', message)
}
