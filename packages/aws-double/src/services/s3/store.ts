import type { StoredPolicy } from '../iam/store.ts'

export type ObjectVersion = {
  readonly versionId: string
  /** Absent for a delete marker. */
  readonly body: Uint8Array | undefined
  readonly etag: string
  readonly modified: Date
  readonly contentType: string
  readonly metadata: Readonly<Record<string, string>>
  readonly cacheControl: string | undefined
  readonly contentEncoding: string | undefined
  /** ARN of the KMS key that it is encrypted under. */
  readonly kmsKey: string | undefined
}

export type PublicAccessBlock = {
  readonly blockPublicAcls: boolean
  readonly ignorePublicAcls: boolean
  readonly blockPublicPolicy: boolean
  readonly restrictPublicBuckets: boolean
}

export type Bucket = {
  readonly name: string
  readonly account: string
  readonly region: string
  readonly created: Date
  policy: StoredPolicy | undefined
  versioning: 'Enabled' | 'Suspended' | undefined
  publicAccess: PublicAccessBlock
  /** Default encryption under this key; else SSE-S3. */
  kmsKey: string | undefined
  tags: ReadonlyMap<string, string>
  /** Versions of each object, the newest first. */
  readonly objects: Map<string, ObjectVersion[]>
}

type Upload = {
  readonly bucket: string
  readonly key: string
  readonly parts: Map<number, Uint8Array>
  readonly contentType: string
}

/** Buckets by name, of all accounts. */
export type S3Store = { readonly buckets: Map<string, Bucket>; readonly uploads: Map<string, Upload> }

export const createS3Store = (): S3Store => ({ buckets: new Map(), uploads: new Map() })
