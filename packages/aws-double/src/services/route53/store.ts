export type RecordSet = {
  readonly name: string
  readonly type: string
  readonly ttl: number | undefined
  readonly values: readonly string[]
  readonly alias: { readonly zone: string; readonly name: string } | undefined
}

export type HostedZone = {
  readonly id: string
  /** Ends with a dot. */
  readonly name: string
  readonly account: string
  /** By `name type`. */
  readonly records: Map<string, RecordSet>
}

/** Zones by id. */
export type Route53Store = { readonly zones: Map<string, HostedZone> }

export const createRoute53Store = (): Route53Store => ({ zones: new Map() })
