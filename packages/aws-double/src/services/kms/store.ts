import type { StoredPolicy } from '../iam/store.ts'
import type { Material } from './material.ts'

export type KmsKey = {
  readonly id: string
  readonly arn: string
  readonly account: string
  readonly region: string
  readonly material: Material
  readonly created: Date
  description: string
  policy: StoredPolicy
  enabled: boolean
  rotation: boolean
  /** When it goes, if that is scheduled. */
  deletion: Date | undefined
  tags: ReadonlyMap<string, string>
}

/** Keys by ARN and aliases (`arn:…:alias/…`) by the ARN of the key that they stand for, of all accounts. */
export type KmsStore = { readonly keys: Map<string, KmsKey>; readonly aliases: Map<string, string> }

export const createKmsStore = (): KmsStore => ({ keys: new Map(), aliases: new Map() })
