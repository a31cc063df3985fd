export type DbInstance = {
  readonly identifier: string
  readonly arn: string
  readonly account: string
  readonly region: string
  readonly engine: string
  readonly engineVersion: string
  instanceClass: string
  readonly masterUsername: string
  readonly address: string
  readonly port: number
  readonly masterSecret: string | undefined
  deletionProtection: boolean
}

export type DbSnapshot = {
  readonly identifier: string
  readonly arn: string
  readonly instance: string
  readonly account: string
  readonly region: string
  readonly created: Date
}

/** All by ARN. */
export type RdsStore = { readonly instances: Map<string, DbInstance>; readonly snapshots: Map<string, DbSnapshot> }

export const createRdsStore = (): RdsStore => ({ instances: new Map(), snapshots: new Map() })
