import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodecError, decodeJson, encodeJson, JsonNumber, type JsonOf, json, parseJson, utf8 } from './index.ts'

const schema = json.object(
  {
    Name: json.string({ max: 20 }),
    Kind: json.oneOf(['a', 'b c']),
    Count: json.integer(1_000_000),
    Above: json.decimal,
    Flag: json.boolean,
    Items: json.array(json.object({ X: json.integer() }, { Y: json.string({ max: 5 }) }), { max: 3 }),
  },
  {
    Extra: json.string({ pattern: /^[a-z]*$/, what: 'small letters' }),
    Names: json.map(json.string({ max: 9 }), json.integer(9), 3),
    Empty: json.object({}, { Z: json.boolean }),
  },
)
type Value = JsonOf<typeof schema>

const printable = (maxLength: number) =>
  fc
    .string({ unit: fc.constantFrom(...'aZ0 "\\/{}[]:,é€😀\u200d'), maxLength })
    .filter(text => text.length <= maxLength)
const decimal = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 20 }))
  .map(([whole, fraction]) => {
    const kept = fraction.replace(/0+$/, '')
    return kept === '' ? `${whole}` : `${whole}.${kept}`
  })
const values: fc.Arbitrary<Value> = fc.record(
  {
    Name: printable(20),
    Kind: fc.constantFrom('a' as const, 'b c' as const),
    Count: fc.integer({ min: 0, max: 1_000_000 }),
    Above: decimal,
    Flag: fc.boolean(),
    Items: fc.array(fc.record({ X: fc.maxSafeNat(), Y: printable(5) }, { requiredKeys: ['X'] }), { maxLength: 3 }),
    Extra: fc.string({ unit: fc.constantFrom(...'abc'), maxLength: 5 }),
    Names: fc
      .array(fc.tuple(fc.constantFrom('10', '9', 'b', 'a', '__proto__', 'é'), fc.integer({ min: 0, max: 9 })), {
        maxLength: 3,
      })
      .map(entries => new Map(entries)),
    Empty: fc.record({ Z: fc.boolean() }, { requiredKeys: [] }),
  },
  { requiredKeys: ['Name', 'Kind', 'Count', 'Above', 'Flag', 'Items'] },
)
const sorted = (value: Value): Value =>
  value.Names === undefined
    ? value
    : { ...value, Names: new Map([...value.Names].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) }

const read = (text: string) => decodeJson(schema, utf8(text))
const base = '{"Name":"n","Kind":"a","Count":1,"Above":0.5,"Flag":true,"Items":[]}'

/** The code of the refusal of `text`. */
function code(text: string): string | undefined {
  try {
    decodeJson(schema, utf8(text))
    return undefined
  } catch (error) {
    if (error instanceof CodecError) return error.code
    throw error
  }
}

describe('round trip', () => {
  it('gives back every value, whatever the order of its keys in memory', () => {
    fc.assert(
      fc.property(values, value => {
        const raw = encodeJson(schema, value)
        expect(decodeJson(schema, raw)).toEqual(sorted(value))
        const turned = Object.fromEntries(Object.entries(value).reverse()) as Value
        expect(encodeJson(schema, turned)).toEqual(raw)
        expect(JSON.parse(new TextDecoder().decode(raw))).toMatchObject({ Name: value.Name, Flag: value.Flag })
      }),
    )
  })

  it('reads maps in the order in which they are written', () => {
    const { Names } = read(`${base.slice(0, -1)},"Names":{"10":1,"9":2,"b":3}}`)
    expect([...(Names ?? [])]).toEqual([
      ['10', 1],
      ['9', 2],
      ['b', 3],
    ])
  })

  it('keeps numbers as text', () => {
    const exact = '123456789012345678901234567890.000000000000000001'
    expect(read(base.replace('0.5', exact)).Above).toBe(exact)
    expect(read(base.replace('"Count":1', '"Count":1000000')).Count).toBe(1_000_000)
    const [number] = parseJson('[9007199254740993]') as unknown[]
    expect(number).toEqual(new JsonNumber('9007199254740993'))
  })
})

describe('one encoding per value', () => {
  it('rejects changed bytes or reads another value that has exactly these bytes', () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, position, flip) => {
        const raw = encodeJson(schema, value)
        const at = position % raw.length
        const changed = raw.map((byte, i) => (i === at ? byte ^ flip : byte))
        let other: Value
        try {
          other = decodeJson(schema, changed)
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
          return
        }
        expect(other).not.toEqual(sorted(value))
        expect(encodeJson(schema, other)).toEqual(changed)
      }),
      { numRuns: 2000 },
    )
  })

  it('rejects one more space, line break or comma anywhere but in free text', () => {
    const text = base.indexOf('"n"')
    for (let at = 0; at <= base.length; at++) {
      if (at === text + 1 || at === text + 2) continue
      for (const extra of [' ', '\n', '\t', ','])
        expect(code(base.slice(0, at) + extra + base.slice(at))).toMatch(/bad-json|not-canonical/)
    }
    expect(code(base.replace('"n"', '"n "'))).toBeUndefined()
  })

  it('rejects every truncation and trailing bytes', () => {
    for (let end = 0; end < base.length; end++) expect(code(base.slice(0, end))).toBe('bad-json')
    for (const more of ['{}', ' ', '\n', '\0', 'x']) expect(code(base + more)).toMatch(/bad-json|not-canonical/)
    expect(code(`\ufeff${base}`)).toBe('bad-json')
  })

  it('rejects duplicate keys', () => {
    expect(code(base.replace('"Flag":true', '"Flag":true,"Flag":true'))).toBe('not-canonical')
    expect(code(base.replace('"Flag":true', '"Flag":false,"Flag":true'))).toBe('not-canonical')
    expect(code(base.replace('[]', '[{"X":1,"X":1}]'))).toBe('not-canonical')
    expect(code(`${base.slice(0, -1)},"Names":{"a":1,"a":1}}`)).toBe('not-canonical')
  })

  it('rejects another key order', () => {
    expect(code(base.replace('"Name":"n","Kind":"a"', '"Kind":"a","Name":"n"'))).toBe('not-canonical')
    expect(code(base.replace('[]', '[{"Y":"y","X":1}]'))).toBe('not-canonical')
    expect(code(`${base.slice(0, -1)},"Names":{"b":1,"a":1}}`)).toBe('not-canonical')
    expect(code(`${base.slice(0, -1)},"Names":{"9":1,"10":1}}`)).toBe('not-canonical')
  })

  it('rejects unknown, missing and differently written fields', () => {
    expect(code(`${base.slice(0, -1)},"Other":1}`)).toBe('bad-json')
    expect(code(base.replace('"Flag":true,', ''))).toBe('bad-json')
    expect(code(base.replace('Flag', 'flag'))).toBe('bad-json')
    expect(code(base.replace('Flag', 'Fl\\u0061g'))).toBe('not-canonical')
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(code(`${base.slice(0, -1)},"${name}":1}`)).toBe('bad-json')
      expect(code(base.replace('"Flag":true', `"${name}":{"Flag":true}`))).toBe('bad-json')
    }
    expect(({} as Record<string, unknown>).Flag).toBeUndefined()
  })

  it('rejects null and undefined for an absent field', () => {
    expect(code(`${base.slice(0, -1)},"Extra":null}`)).toBe('bad-json')
    expect(code(base.replace('true', 'null'))).toBe('bad-json')
    expect(() => encodeJson(schema, { ...read(base), Flag: undefined } as unknown as Value)).toThrow('Flag: missing')
  })

  it('rejects escapes where none is needed', () => {
    for (const text of ['"\\u006e"', '"\\/"', '"\\u00e9"', '"\\u0022"', '"\\u005C"', '"\\ud83d\\ude00"'])
      expect(code(base.replace('"n"', text))).toBe('not-canonical')
    expect(code(base.replace('"n"', '"\\\\ \\" / é 😀"'))).toBeUndefined()
  })
})

describe('errors', () => {
  it('name the field', () => {
    expect(() => read(base.replace('[]', '[{"X":1},{"X":"1"}]'))).toThrow('Items[1].X: a non-negative integer expected')
  })
})

describe('hostile input', () => {
  it('rejects nesting beyond 64 levels, however deep', () => {
    const arrays = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    expect(parseJson(arrays(64))).toBeInstanceOf(Array)
    expect(parseJson(objects(64))).toBeInstanceOf(Object)
    for (const depth of [65, 1000, 100_000, 1_000_000])
      for (const text of [arrays(depth), objects(depth), '['.repeat(depth), '{"a":['.repeat(depth)])
        expect(() => parseJson(text)).toThrow('nested deeper than 64 levels')
  })

  it('does not count brackets in strings, nor those that are closed', () => {
    const text = '['.repeat(1000)
    expect(parseJson(JSON.stringify(text))).toBe(text)
    expect(parseJson(JSON.stringify(`\\"${text}`))).toBe(`\\"${text}`)
    expect(parseJson(JSON.stringify([`\\`, [text]]))).toEqual([`\\`, [text]])
    expect(parseJson(`[${'[],'.repeat(1000)}[]]`)).toHaveLength(1001)
  })

  it('cannot hide depth behind quotes or surplus closing brackets', () => {
    const deep = '['.repeat(100_000)
    for (const prefix of [']]]]', '"', '"\\', '\\"'])
      expect(() => parseJson(prefix.repeat(3) + deep)).toThrow(expect.objectContaining({ code: 'bad-json' }))
  })

  it('rejects text that is no JSON with a CodecError, always', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]":,\\u0e-.tn '), maxLength: 30 }), text => {
        expect(code(text)).toMatch(/bad-json|not-canonical/)
      }),
      { numRuns: 1000 },
    )
  })
})
