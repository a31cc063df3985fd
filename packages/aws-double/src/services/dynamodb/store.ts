import type { StoredPolicy } from '../iam/store.ts'

/** An attribute value as DynamoDB's JSON has it, for example {S: 'text'}. */
export type Attribute = Readonly<Record<string, unknown>>
export type Item = Readonly<Record<string, Attribute>>

export type Table = {
  readonly name: string
  readonly arn: string
  readonly account: string
  readonly region: string
  /** Names of the partition key and the sort key. */
  readonly keys: readonly string[]
  policy: StoredPolicy | undefined
  deletionProtection: boolean
  readonly items: Map<string, Item>
}

/** Tables by ARN. */
export type DynamoStore = { readonly tables: Map<string, Table> }

export const createDynamoStore = (): DynamoStore => ({ tables: new Map() })
