import type { CondensedBody, CondensedOperation } from './condense.ts'

/** What a client of the contract would miss. */
export function missing(theirs: CondensedBody | undefined, ours: CondensedBody | undefined): string[] {
  if (!theirs) return []
  if (!ours) return ['whole body']
  return Object.entries(theirs.fields)
    .filter(([field, type]) => {
      const found = ours.fields[field]
      return found === undefined || (type !== 'any' && found !== 'any' && found !== type)
    })
    .map(([field, type]) => `${field}: ${type}`)
}

/** Without the start bodies' fields that the contract puts into alternatives. */
export const demandedBeyond = (theirs: CondensedBody | undefined, ours: CondensedBody | undefined): string[] =>
  (ours?.required ?? []).filter(field => field in (theirs?.fields ?? {}) && !theirs?.required.includes(field))

/** Why a client made for `theirs` would not get along with `ours`, one line each; empty when it would. */
export function differences(theirs: CondensedOperation, ours: CondensedOperation | undefined): string[] {
  const { operationId } = theirs
  if (ours === undefined) return [`${operationId} is missing`]
  const found = [
    ...(['method', 'path', 'status'] as const).filter(key => ours[key] !== theirs[key]),
    ...theirs.parameters.filter(parameter => !ours.parameters.includes(parameter)),
    ...missing(theirs.request, ours.request).map(field => `request ${field}`),
    ...missing(theirs.response, ours.response).map(field => `response ${field}`),
    ...demandedBeyond(theirs.request, ours.request).map(field => `demands ${field}`),
    ...(theirs.response?.required ?? [])
      .filter(field => !ours.response?.required.includes(field))
      .map(field => `does not promise ${field}`),
  ]
  return found.map(difference => `${operationId}: ${difference}`)
}
