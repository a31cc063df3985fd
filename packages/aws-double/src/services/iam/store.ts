import type { Policy, PolicyDocument } from '../../iam/document.ts'

/** A policy as it was put, and as it is evaluated. */
export type StoredPolicy = { readonly document: PolicyDocument; readonly policy: Policy }

type Identity = {
  readonly name: string
  readonly arn: string
  readonly id: string
  readonly account: string
  readonly path: string
  readonly created: Date
  /** Inline policies by name. */
  readonly inline: Map<string, StoredPolicy>
  /** ARNs of managed policies. */
  readonly attached: Set<string>
  boundary: string | undefined
  tags: ReadonlyMap<string, string>
}
export type User = Identity & {
  readonly kind: 'user'
  /** Access key ids with the time of their creation. */
  readonly accessKeys: Map<string, Date>
}
export type Role = Identity & {
  readonly kind: 'role'
  trust: StoredPolicy
  description: string | undefined
  maxSessionSeconds: number
}
export type InstanceProfile = {
  readonly name: string
  readonly arn: string
  readonly id: string
  roles: readonly string[]
}

/** IAM of one account. */
export type IamStore = {
  readonly users: Map<string, User>
  readonly roles: Map<string, Role>
  readonly instanceProfiles: Map<string, InstanceProfile>
  /** Customer managed policies by ARN. */
  readonly policies: Map<string, StoredPolicy & { readonly name: string }>
  /** Services that have their own role in this account. */
  readonly serviceLinked: Set<string>
}

export const createIamStore = (): IamStore => ({
  users: new Map(),
  roles: new Map(),
  instanceProfiles: new Map(),
  policies: new Map(),
  serviceLinked: new Set(),
})
