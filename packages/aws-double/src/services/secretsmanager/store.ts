import type { StoredPolicy } from '../iam/store.ts'

export type SecretVersion = {
  readonly id: string
  /** Ciphertext of the value under the secret's key. */
  readonly ciphertext: Uint8Array
  readonly binary: boolean
  readonly created: Date
  stages: ReadonlySet<string>
}

export type Secret = {
  readonly name: string
  readonly arn: string
  readonly account: string
  readonly region: string
  readonly created: Date
  description: string | undefined
  /** As it was given: ARN, id or alias; absent for the account's own key. */
  kmsKey: string | undefined
  policy: StoredPolicy | undefined
  tags: ReadonlyMap<string, string>
  versions: SecretVersion[]
  changed: Date
  deletion: Date | undefined
  /** Made and kept by another service, which then names itself here. */
  readonly owner: string | undefined
}

/** Secrets by ARN, of all accounts. */
export type SecretStore = { readonly secrets: Map<string, Secret> }

export const createSecretStore = (): SecretStore => ({ secrets: new Map() })
