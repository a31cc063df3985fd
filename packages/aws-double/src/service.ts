import type { Call } from './call.ts'
import { notInDouble } from './errors.ts'

/**
 * An operation: takes the input and gives the output of the SDK's types; the model has checked the request against them.
 * Each handler has an input type of its own, hence `never`.
 */
export type Handler = (input: never, call: Call) => unknown

/** Output of the SDK's command, as a service gives it. */
export type Output<T> = Omit<T, '$metadata'>

export type Service = {
  /** The name that requests are signed for. */
  readonly name: string
  readonly protocol: 'json' | 'query' | 'rest-xml'
  /** Query protocol: namespace of the answers. */
  readonly xmlNamespace?: string
  /** JSON protocol, where the service insists on its version, the prefix of its targets, and names its own errors in full. */
  readonly json?: { readonly version: '1.0'; readonly target: string; readonly errors: string }
  /** The SDK's client, which carries the model. */
  readonly client: () => Promise<Readonly<Record<string, unknown>>>
  readonly operations: Readonly<Record<string, Handler>>
  /** Operations that AWS lets every signed caller do. */
  readonly open?: readonly string[]
}

/**
 * Refuses what the model knows and the double would ignore.
 * @throws AwsError `NotInAwsDouble`
 */
export function only<T extends object>(input: T, names: readonly (keyof T & string)[]): void {
  const known: readonly string[] = names
  for (const [name, value] of Object.entries(input)) {
    if (value !== undefined && !known.includes(name)) throw notInDouble(`the member ${name} of this operation`)
  }
}

export const tagsOf = (
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
): ReadonlyMap<string, string> => new Map((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]))

export const tagList = (tags: ReadonlyMap<string, string>): { Key: string; Value: string }[] =>
  [...tags].map(([Key, Value]) => ({ Key, Value }))
