import type { App, Stack } from 'aws-cdk-lib/core'
import type { Deployment, NodeIndex, PcrSet } from '../model.ts'

/** Region of everything behind CloudFront: it takes certificates from there only. */
export const EDGE_REGION = 'us-east-1'

/** Images that run in the wallet account; `wallet` also sets up the databases. */
export const imageNames = ['wallet', 'broker', 'policy-node'] as const
export type ImageName = (typeof imageNames)[number]
/** `sha256:…` of each image in the customer's ECR. */
export type ImageDigests = Readonly<Record<ImageName, string>>

/** A file in the conf bucket and the SHA-256 (hex) that its reader checks. */
export interface StoredFile {
  readonly key: string
  readonly sha256: string
}

export type ConfComponent = 'wallet' | 'broker' | `node${NodeIndex}`
export type ConfFiles = Readonly<Record<ConfComponent, StoredFile>>

/** Headers that the web apps are served with, in lower case. */
export type SiteHeaders = Readonly<Record<string, string>>

/** One stack and what it is made from beside the deployment. */
export type StackRequest =
  | { readonly kind: 'baseline'; readonly account: string }
  | { readonly kind: 'wallet-long-lived' }
  | {
      readonly kind: 'policy-node-long-lived'
      readonly node: NodeIndex
      /** Enclave images that may have the node's key: one, or during an upgrade two. */
      readonly pcrs: readonly PcrSet[]
    }
  | { readonly kind: 'wallet'; readonly images: ImageDigests; readonly conf: ConfFiles }
  | { readonly kind: 'console'; readonly headers: SiteHeaders }
  | {
      readonly kind: 'nitro-nodes'
      readonly images: ImageDigests
      readonly conf: ConfFiles
      readonly eif: StoredFile
    }
  | { readonly kind: 'approver-app'; readonly headers: SiteHeaders }

/** Builds one stack into an app. */
export type StackBuilder<Kind extends StackRequest['kind']> = (
  app: App,
  deployment: Deployment,
  request: Extract<StackRequest, { kind: Kind }>,
) => Stack
