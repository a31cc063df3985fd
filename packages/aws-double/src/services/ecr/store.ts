import type { StoredPolicy } from '../iam/store.ts'

export type Manifest = {
  readonly digest: string
  readonly mediaType: string
  readonly bytes: Uint8Array
  readonly pushed: Date
}

export type Repository = {
  readonly name: string
  readonly arn: string
  readonly account: string
  readonly region: string
  readonly created: Date
  immutable: boolean
  policy: StoredPolicy | undefined
  tags: ReadonlyMap<string, string>
  readonly blobs: Map<string, Uint8Array>
  /** By digest. */
  readonly manifests: Map<string, Manifest>
  /** Digest of each image tag. */
  readonly imageTags: Map<string, string>
}

export type Token = {
  /** Access key id of who fetched it: what it may do is judged at each use. */
  readonly accessKeyId: string
  readonly account: string
  readonly region: string
  readonly expires: number
}

/** Repositories by ARN; login tokens by their password; uploads by their id. */
export type EcrStore = {
  readonly repositories: Map<string, Repository>
  readonly tokens: Map<string, Token>
  readonly uploads: Map<string, { readonly repository: string; data: Uint8Array }>
}

export const createEcrStore = (): EcrStore => ({ repositories: new Map(), tokens: new Map(), uploads: new Map() })
