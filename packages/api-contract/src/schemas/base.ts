import Type, { type TObject, type TProperties, type TSchema } from 'typebox'

/** An object that accepts no field but these. `name` becomes its component name in the OpenAPI document. */
export function closed<P extends TProperties>(name: string, properties: P, options: object = {}): TObject<P> {
  return Type.Object(properties, { ...options, ...(name && { title: name }), additionalProperties: false })
}

/** An object whose further fields are not our business: answers that may grow. */
export function open<P extends TProperties>(name: string, properties: P, options: object = {}): TObject<P> {
  return Type.Object(properties, { ...options, ...(name && { title: name }) })
}

export function oneOf<const V extends string[]>(name: string, values: readonly [...V]) {
  return Type.Enum([...values] as V, { type: 'string', ...(name && { title: name }) })
}

export const list = <S extends TSchema>(items: S, options: object = {}) =>
  Type.Array(items, { maxItems: 1000, ...options })

export const text = (maxLength = 256) => Type.String({ maxLength })
export const optionalText = (maxLength = 256) => Type.Optional(text(maxLength))
export const flag = () => Type.Optional(Type.Boolean())

/** Bytes as standard base64 with padding. */
export const base64 = (maxLength: number) =>
  Type.String({
    format: 'byte',
    maxLength,
    pattern: '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$',
    description: 'standard base64 with padding',
  })

/** A decimal in major units: no sign, no exponent, no leading zero. */
export const amount = () =>
  Type.String({
    maxLength: 120,
    pattern: '^(?:0|[1-9][0-9]{0,77})(?:\\.[0-9]{1,36})?$',
    description: 'a decimal in major units, such as 0.25',
  })

/** A non-negative integer as text, at most 256 bits. */
export const integerText = (meaning: string) =>
  Type.String({ maxLength: 78, pattern: '^[0-9]{1,78}$', description: `a whole number as text: ${meaning}` })

/** A non-negative JSON number that is read from its text, never through a double. */
export const exactNumber = () => Type.Number({ minimum: 0, format: 'double' })

export const index = () => Type.Integer({ minimum: 0, maximum: 0x7fffffff })
export const timestamp = () => Type.String({ format: 'date-time', maxLength: 40 })
export const int64 = () => Type.Integer({ format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

// The contract's pattern, less the one name that is not a plain key of a JavaScript object.
export const entityNamePattern = '^(?!__proto__$)\\w+( \\w+)*$'

export const entityName = () =>
  Type.String({
    maxLength: 128,
    minLength: 1,
    pattern: entityNamePattern,
    description: 'words of letters, digits and underscores, separated by single spaces',
  })
export const userId = () =>
  Type.String({ maxLength: 254, pattern: '^[^\\s@]+@[^\\s@]+$', description: 'the e-mail address of a user' })
export const operationId = () =>
  Type.String({ pattern: '^[a-zA-Z0-9-]{1,96}$', description: '1 to 96 letters, digits and hyphens' })
export const caip2 = () =>
  Type.String({
    maxLength: 41,
    pattern: '^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$',
    description: 'a CAIP-2 chain id, such as eip155:1',
  })
export const caip19 = () =>
  Type.String({
    maxLength: 260,
    pattern: '^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}/[-a-z0-9]{3,8}:[-.%a-zA-Z0-9]{1,128}$',
    description: 'a CAIP-19 asset id, such as eip155:1/slip44:60',
  })
