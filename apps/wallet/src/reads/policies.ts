import type { PersistentMap } from '@trivault/vault-state'

/** In the order of their ids. */
export function restrictionsIn<R extends { RestrictionID: string }>(restrictions: PersistentMap<R>): R[] {
  return restrictions.values().sort((a, b) => (a.RestrictionID < b.RestrictionID ? -1 : 1))
}
