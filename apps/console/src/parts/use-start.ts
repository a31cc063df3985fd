import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'

/** Starts an operation by `start`, then shows it. */
export function useStart(start: () => Promise<string>, onStarted?: () => void) {
  const navigate = useNavigate()
  return useMutation({
    mutationFn: start,
    onSuccess: async id => {
      onStarted?.()
      await navigate({ to: '/operations/$id', params: { id } })
    },
  })
}
