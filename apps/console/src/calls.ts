import { type UseQueryResult, useQuery } from '@tanstack/react-query'
import type { ExactResponseOf, OperationId, ResponseOf } from '@trivault/api-contract'
import type { CallInput, ExactInput } from '@trivault/client'
import { useApi } from '@trivault/ui'

type Options = {
  readonly enabled?: boolean
  readonly staleTime?: number
  /** It never changes: once known it is not asked for again, whatever happens. */
  readonly constant?: boolean
  readonly refetchInterval?: number
  /** Keeps the last answer on the screen while the next one, with other input, is awaited. */
  readonly keep?: boolean
}

const keeping = ({ keep = false, constant = false, ...options }: Options) => ({
  ...options,
  ...(constant && {
    staleTime: ({ state }: { state: { data: unknown } }) => (state.data === undefined ? 0 : ('static' as const)),
  }),
  ...(keep && { placeholderData: (before: unknown) => before as never }),
})

/** A reading call of the API, cached under its name and input. */
export function useCall<K extends OperationId>(
  operationId: K,
  input?: CallInput<K>,
  options: Options = {},
): UseQueryResult<ResponseOf<K>> {
  const api = useApi()
  return useQuery<ResponseOf<K>>({
    queryKey: [operationId, input],
    queryFn: () => api.call(operationId, ...((input === undefined ? [] : [input]) as never)),
    ...keeping(options),
  })
}

/** The same with amounts of money and rates as decimal text. */
export function useExactCall<K extends OperationId>(
  operationId: K,
  input: ExactInput<K>,
  options: Options = {},
): UseQueryResult<ExactResponseOf<K>> {
  const api = useApi()
  return useQuery<ExactResponseOf<K>>({
    queryKey: [operationId, input, 'exact'],
    queryFn: () => api.callExact(operationId, input),
    ...keeping(options),
  })
}
