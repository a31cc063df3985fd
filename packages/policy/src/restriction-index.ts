import type { TransactionRestriction } from '@trivault/protocol'
import { comparable } from './criteria.ts'
import type { TransactionSubject } from './types.ts'

/**
 * Restrictions by what they list under Only, so that a verdict looks at those that can match and not at all there are. Immutable:
 * made anew when a restriction changes, which is rare.
 */
export type RestrictionIndex = ReadonlyMap<string, readonly TransactionRestriction[]>

const anywhere = ''
const source = (masterKey: string, account = '') => `source/${masterKey}/${account}`
const internal = (masterKey: string, account: string) => `internal/${masterKey}/${account}`
const address = (text: string) => `address/${comparable(text)}`

export function indexRestrictions(restrictions: Iterable<TransactionRestriction>): RestrictionIndex {
  const index = new Map<string, TransactionRestriction[]>()
  for (const restriction of restrictions)
    for (const key of new Set(keysOf(restriction))) {
      const bucket = index.get(key)
      if (bucket === undefined) index.set(key, [restriction])
      else bucket.push(restriction)
    }
  return index
}

/** One criterion that can only match what it lists decides where a restriction stands: the most telling one. */
function keysOf({ Source, Destination, ExternalDestination }: TransactionRestriction): string[] {
  if (Source?.Only?.length) return Source.Only.map(one => source(one.MasterKeyName, one.AccountName))
  if (Destination?.Only?.length)
    return Destination.Only.map(one =>
      one.Address === undefined ? internal(one.MasterKeyName ?? '', one.AccountName ?? '') : address(one.Address),
    )
  if (ExternalDestination?.Only?.length) return ExternalDestination.Only.map(address)
  return [anywhere]
}

/**
 * The restrictions that may match `subject`, a superset of those that do; each once. What an opaque digest does is unknown, so that
 * what a restriction says of destinations does not keep it away.
 */
export function restrictionsFor(
  index: RestrictionIndex,
  { source: { masterKey, account }, movements, grade }: TransactionSubject,
): readonly TransactionRestriction[] {
  if (grade === 'opaque') return [...new Set([...index.values()].flat())]
  const keys = new Set([anywhere, source(masterKey), source(masterKey, account)])
  for (const { destination } of movements) {
    if (destination === undefined) continue
    keys.add(address(destination.address))
    if (destination.internal !== undefined)
      keys.add(internal(destination.internal.masterKey, destination.internal.account))
  }
  return [...new Set([...keys].flatMap(key => index.get(key) ?? []))]
}
