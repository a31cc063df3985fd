import { fromUtf8, utf8 } from './bytes.ts'
import { CodecError, inField } from './errors.ts'

/**
 * Canonical JSON: one byte string per value. Keys stand in schema order, there is no white space, no unknown or duplicate
 * key, numbers are plain decimals kept as text, strings hold no control or bidirectional character.
 * `read` takes what `parseJson` gives; `write` yields JSON text.
 */
export interface Json<T> {
  read(value: unknown): T
  write(value: T): string
}
export type JsonOf<C> = C extends Json<infer T> ? T : never

/** A number as it stands in the text, so that no double ever rounds it. */
export class JsonNumber {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown

/** Arrays and objects inside one another; a fixed bound, so that the size of a machine's stack decides nothing. */
const maxDepth = 64

/** Parses JSON text; numbers become `JsonNumber`. Throws `CodecError` bad-json, also beyond 64 levels of nesting. */
export function parseJson(text: string): unknown {
  limitDepth(text)
  const reviver: Reviver = (_key, value, context) =>
    typeof value === 'number' ? new JsonNumber(context.source ?? String(value)) : value
  try {
    return JSON.parse(text, reviver as (this: unknown, key: string, value: unknown) => unknown)
  } catch (cause) {
    throw new CodecError('bad-json', 'not JSON', '', { cause })
  }
}

/** Counts brackets outside strings. Text that is not JSON may be counted wrongly; the parser refuses it anyway. */
function limitDepth(text: string): void {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (inString) {
      if (char === '\\') i++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '[' || char === '{') {
      depth++
      if (depth > maxDepth) throw new CodecError('bad-json', `nested deeper than ${maxDepth} levels`)
    } else if (char === ']' || char === '}') depth--
  }
}

/** The canonical bytes of a value. */
export function encodeJson<T>(schema: Json<T>, value: T): Uint8Array {
  return utf8(schema.write(value))
}

/** Decodes canonical bytes only: what was read must encode to the same bytes. Throws `CodecError`. */
export function decodeJson<T>(schema: Json<T>, bytes: Uint8Array): T {
  const text = fromUtf8(bytes)
  const value = schema.read(parseJson(text))
  if (schema.write(value) !== text) throw new CodecError('not-canonical', 'not the canonical form of this JSON')
  return value
}

// C0, DEL, C1, line separators, bidirectional marks and embeddings, zero-width no-break space: none may stand in what people approve.
const forbidden = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber)
}

function fail(message: string): never {
  throw new CodecError('bad-json', message)
}

const plainDecimal = /^(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$/

type Fields = Record<string, Json<unknown>>
type ObjectOf<R extends Fields, O extends Fields> = { [K in keyof R]: JsonOf<R[K]> } & { [K in keyof O]?: JsonOf<O[K]> }

export const json = {
  /** A string of at most `max` UTF-16 units that matches `pattern`. */
  string(options: { max?: number; pattern?: RegExp; what?: string } = {}): Json<string> {
    const { max = 4096, pattern, what = 'a string' } = options
    const check = (value: unknown): string => {
      if (typeof value !== 'string') fail(`${what} expected`)
      if (value.length > max) fail(`at most ${max} characters`)
      if (!value.isWellFormed() || forbidden.test(value)) fail('control and bidirectional characters are not allowed')
      if (pattern !== undefined && !pattern.test(value)) fail(`${what} expected`)
      return value
    }
    return { read: check, write: value => JSON.stringify(check(value)) }
  },

  oneOf<const W extends readonly string[]>(words: W): Json<W[number]> {
    const check = (value: unknown): W[number] =>
      words.find(word => word === value) ?? fail(`one of ${words.join(', ')} expected`)
    return { read: check, write: value => JSON.stringify(check(value)) }
  },

  boolean: {
    read: value => (typeof value === 'boolean' ? value : fail('true or false expected')),
    write: value => (value ? 'true' : 'false'),
  } satisfies Json<boolean>,

  /** A non-negative integer up to `max`, plain digits. */
  integer(max = Number.MAX_SAFE_INTEGER): Json<number> {
    return {
      read(value) {
        if (!(value instanceof JsonNumber) || !/^(0|[1-9][0-9]{0,15})$/.test(value.text))
          fail('a non-negative integer expected')
        const number = Number(value.text)
        return number <= max ? number : fail(`at most ${max}`)
      },
      write: value =>
        Number.isSafeInteger(value) && value >= 0 && value <= max
          ? String(value)
          : fail('a non-negative integer expected'),
    }
  },

  /** A non-negative decimal as text without exponent, superfluous zeros or sign; a JSON number on the wire. */
  decimal: {
    read: value =>
      value instanceof JsonNumber && value.text.length <= 80 && plainDecimal.test(value.text)
        ? value.text
        : fail('a plain non-negative decimal expected'),
    write: value => (plainDecimal.test(value) ? value : fail('a plain non-negative decimal expected')),
  } satisfies Json<string>,

  array<T>(item: Json<T>, options: { min?: number; max?: number } = {}): Json<T[]> {
    const { min = 0, max = 1000 } = options
    const bounded = <A>(values: A[]): A[] =>
      values.length >= min && values.length <= max ? values : fail(`${min} to ${max} items expected`)
    return {
      read: value =>
        bounded(Array.isArray(value) ? value : fail('an array expected')).map((entry, i) =>
          inField(`[${i}]`, () => item.read(entry)),
        ),
      write: values =>
        `[${bounded(values)
          .map((entry, i) => inField(`[${i}]`, () => item.write(entry)))
          .join(',')}]`,
    }
  },

  /** A closed object: the required keys, then the optional ones, in the order given here. */
  object<R extends Fields, O extends Fields = Record<never, never>>(required: R, optional?: O): Json<ObjectOf<R, O>> {
    const needed = Object.entries(required) as [string, Json<unknown>][]
    const extra = Object.entries(optional ?? {}) as [string, Json<unknown>][]
    const names = new Set([...needed, ...extra].map(([name]) => name))
    return {
      read(value) {
        if (!isRecord(value)) return fail('an object expected')
        for (const name of Object.keys(value))
          if (!names.has(name)) throw new CodecError('bad-json', 'unknown field', name)
        const out: Record<string, unknown> = {}
        for (const [name, schema] of needed)
          out[name] = inField(name, () => (Object.hasOwn(value, name) ? schema.read(value[name]) : fail('missing')))
        for (const [name, schema] of extra)
          if (Object.hasOwn(value, name)) out[name] = inField(name, () => schema.read(value[name]))
        return out as ObjectOf<R, O>
      },
      write(value) {
        const source = value as Record<string, unknown>
        const parts: string[] = []
        for (const [name, schema] of needed)
          parts.push(
            inField(
              name,
              () =>
                `${JSON.stringify(name)}:${source[name] === undefined ? fail('missing') : schema.write(source[name])}`,
            ),
          )
        for (const [name, schema] of extra)
          if (source[name] !== undefined)
            parts.push(inField(name, () => `${JSON.stringify(name)}:${schema.write(source[name])}`))
        return `{${parts.join(',')}}`
      },
    }
  },

  /** String keys in ascending UTF-16 order to values of one kind. */
  map<T>(key: Json<string>, item: Json<T>, max = 1000): Json<Map<string, T>> {
    return {
      read(value) {
        if (!isRecord(value)) return fail('an object expected')
        const names = Object.keys(value).sort()
        if (names.length > max) fail(`at most ${max} keys`)
        return new Map(names.map(name => [key.read(name), inField(name, () => item.read(value[name]))]))
      },
      write(value) {
        const names = [...value.keys()].sort()
        if (names.length > max) fail(`at most ${max} keys`)
        return `{${names.map(name => `${key.write(name)}:${inField(name, () => item.write(value.get(name) as T))}`).join(',')}}`
      },
    }
  },

  /** A further check on a value; `test` says what is wrong, or nothing. */
  refine<T>(schema: Json<T>, test: (value: T) => string | undefined): Json<T> {
    const check = (value: T): T => {
      const wrong = test(value)
      return wrong === undefined ? value : fail(wrong)
    }
    return { read: value => check(schema.read(value)), write: value => schema.write(check(value)) }
  },
}
