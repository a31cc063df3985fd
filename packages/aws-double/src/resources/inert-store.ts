/** A resource that only exists: it has a name that nothing else of its type has, and attributes. */
export type InertResource = {
  readonly type: string
  readonly id: string
  readonly account: string
  readonly region: string
  readonly properties: Readonly<Record<string, unknown>>
}

/** By account, region, type and id, joined with spaces. */
export type InertStore = Map<string, InertResource>

export const createInertStore = (): InertStore => new Map()
