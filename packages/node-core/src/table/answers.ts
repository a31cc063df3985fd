import {
  CodecError,
  fromBase64,
  fromUtf8,
  type Json,
  type JsonOf,
  json,
  parseJson,
  requireUniqueKeys,
  toBase64,
} from '@trivault/codec'

/** Bytes of an answer that are read; the largest row and its base64 stay well below. */
export const MAX_ANSWER_BYTES = 512 * 1024
/** Bytes of a row's attribute `row`. DynamoDB takes items of 400 KB. */
export const MAX_ROW_BYTES = 320 * 1024

/** One item of the table, as stored. */
export interface Item {
  record: string
  version: number
  row: Uint8Array
}

const binary: Json<Uint8Array> = {
  read: value => fromBase64(base64.read(value)),
  write: value => base64.write(toBase64(value)),
}
const base64 = json.string({ max: Math.ceil(MAX_ROW_BYTES / 3) * 4 })
const digits = json.string({ pattern: /^(0|[1-9][0-9]{0,15})$/, what: 'an integer' })
const itemJson = json.object({
  record: json.object({ S: json.string({ max: 64 }) }),
  version: json.object({ N: digits }),
  row: json.object({ B: binary }),
})
const gotten = json.object({}, { Item: itemJson })
const put = json.object({})

/** The item in DynamoDB's JSON. */
export const itemText = ({ record, version, row }: Item): string =>
  itemJson.write({ record: { S: record }, version: { N: `${version}` }, row: { B: row } })

/** What GetItem found. Throws CodecError. */
export function readGotten(body: Uint8Array): Item | undefined {
  const { Item: found } = read(gotten, body)
  if (found === undefined) return undefined
  const version = Number(found.version.N)
  if (!Number.isSafeInteger(version)) throw new CodecError('out-of-range', 'not a version')
  return { record: found.record.S, version, row: found.row.B }
}

/** True: PutItem was done. Throws CodecError. */
export function readPut(body: Uint8Array): boolean {
  read(put, body)
  return true
}

/** What went wrong, by the name that AWS gives it; the message is for the reader only where it tells of the clock. */
export function readError(body: Uint8Array): { name: string; isClock: boolean } {
  const value = parse(body)
  if (typeof value !== 'object' || value === null) throw new CodecError('bad-json', 'an object expected')
  const text = (member: string): string => {
    const found = Object.entries(value).find(([name]) => name.toLowerCase() === member)?.[1]
    return typeof found === 'string' ? found : ''
  }
  const name = /(?:^|#)([A-Za-z]{1,64})$/.exec(text('__type'))?.[1]
  if (name === undefined) throw new CodecError('bad-json', 'an error without a name')
  return { name, isClock: /signature (not yet current|expired)/i.test(text('message')) }
}

function parse(body: Uint8Array): unknown {
  const text = fromUtf8(body)
  const value = parseJson(text)
  requireUniqueKeys(text)
  return value
}

function read<T extends Json<unknown>>(schema: T, body: Uint8Array): JsonOf<T> {
  return schema.read(parse(body)) as JsonOf<T>
}
