import { AwsError } from '../errors.ts'
import type { Structure, TimestampFormat } from './model.ts'

export type Value = unknown
export type Fields = Record<string, Value>

/** The request does not have the shape that the SDK's model gives it. */
export const badShape = (path: string, what: string): AwsError =>
  new AwsError('SerializationException', `${path}: ${what}`)

/** Required members must be there (not only the SDK, any caller is checked). */
export function checkRequired(shape: Structure, fields: Fields, path: string): void {
  for (const name of shape.required) {
    if (fields[name] === undefined) {
      throw new AwsError('ValidationException', `${path}.${name} is required by ${shape.name} and is missing`)
    }
  }
}

export function parseBoolean(text: string, path: string): boolean {
  if (text !== 'true' && text !== 'false') throw badShape(path, `${text} is not a boolean`)
  return text === 'true'
}

export function parseNumber(text: string, path: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw badShape(path, `${text} is not a number`)
  return value
}

export function parseBlob(text: string, path: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw badShape(path, 'not base64')
  return new Uint8Array(Buffer.from(text, 'base64'))
}

export function parseDate(text: string, path: string): Date {
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) throw badShape(path, `${text} is not a time`)
  return date
}

/** @returns the text of a value of a simple type. */
export function textOf(value: Value, format: TimestampFormat): string {
  if (value instanceof Date) {
    if (format === 'http-date') return value.toUTCString()
    if (format === 'epoch-seconds') return String(value.getTime() / 1000)
    return value.toISOString()
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return String(value)
}
