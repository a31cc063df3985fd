import { type UseQueryResult, useQuery } from '@tanstack/react-query'
import type { ExactResponseOf, OperationId, ResponseOf } from '@trivault/api-contract'
import type { CallInput } from '@trivault/client'
import { useApi } from '@trivault/ui'

type Options = {
  readonly enabled?: boolean
  readonly staleTime?: number
  readonly refetchInterval?: number
  /** Keeps the last answer on the screen while the next one, with other input, is awaited. */
  readonly keep?: boolean
}

/** A reading call of the API, cached under its name and input. */
export function useCall<K extends OperationId>(
  operationId: K,
  input?: CallInput<K>,
  { keep = false, ...options }: Options = {},
): UseQueryResult<ResponseOf<K>> {
  const api = useApi()
  return useQuery<ResponseOf<K>>({
    queryKey: [operationId, input],
    queryFn: () => api.call(operationId, ...((input === undefined ? [] : [input]) as never)),
    ...(keep && { placeholderData: before => before as never }),
    ...options,
  }) as UseQueryResult<ResponseOf<K>>
}

export type Restriction = ExactResponseOf<'trivaultRestrictions'>[number]
