/** Index of a Policy Node and of its partition. */
export type NodeIndex = 0 | 1 | 2
export const NODE_INDEXES: readonly NodeIndex[] = [0, 1, 2]

/** A public DNS zone in Route 53, in the account that owns it. */
export interface HostedZone {
  readonly name: string
  readonly id: string
}

/** A founder of the vault. */
export interface AdminUser {
  readonly email: string
  readonly name: string
  /** Founding mode `pinned`: hex SHA-256 of the device key, which the Policy Nodes pin. */
  readonly keyFingerprint?: string
}

/**
 * One environment of one customer, as `bd-wallet.yml` describes it: all that stacks, conf files and checks need to know.
 * Nothing in it is secret. Account ids are 12 digits.
 */
export interface Deployment {
  /** `NAMESPACE`: first part of every resource's name. */
  readonly namespace: string
  /** `ENV_PREFIX`: environment name and DNS label; `testnet` marks the tenant as testnet. */
  readonly environment: string
  readonly testnet: boolean
  readonly region: string
  readonly accounts: {
    readonly wallet: string
    readonly policyNodes: readonly [string, string, string]
    /** Serves the Approver App; outside the infrastructure admin's control wherever separation holds. */
    readonly approverApp: string
  }
  readonly zones: {
    readonly wallet: HostedZone
    /** In the Approver App's account. */
    readonly approverApp: HostedZone
  }
  readonly hosts: {
    /** `api.<environment>.<zone>` */
    readonly api: string
    readonly console: string
    readonly approverApp: string
  }
  readonly network: { readonly cidr: string; readonly availabilityZones: readonly [string, string] }
  readonly database: { readonly instanceClass: string; readonly multiAz: boolean; readonly backupDays: number }
  readonly nitro: { readonly instanceType: string; readonly enclaveMemoryMiB: number; readonly enclaveCpus: number }
  readonly adminUsers: readonly AdminUser[]
  /** Founders of the vault and how many of them make the owner quorum. */
  readonly founding: {
    readonly mode: 'identity' | 'pinned'
    readonly founders: readonly string[]
    readonly approvalsRequired: number
  }
  /** CAIP-2 ids of the chains the wallet connects to. */
  readonly chains: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  /** Where the publisher's images, bundles and enclave images are. */
  readonly delivery: { readonly registry: string; readonly bucket: string; readonly region: string }
  readonly release: {
    /** `CUSTOMER_SHARED_SEGMENT` */
    readonly wallet: string
    /** `MPA_IMAGE_TAG` */
    readonly enclave: string
    /** `DEPLOYER_VERSION` */
    readonly deployer: string
  }
}

/** Measurements of an enclave image: 96 lower-case hex digits each (SHA-384). `PCR8` only for a signed image. */
export interface PcrSet {
  readonly PCR0: string
  readonly PCR1: string
  readonly PCR2: string
  readonly PCR8?: string
}
