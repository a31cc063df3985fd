import { Navigate } from '@tanstack/react-router'
import { ErrorState, LoadingState } from '@trivault/ui'
import { useOverview, usePinned } from '../device-context.tsx'
import { ChooseVault } from '../parts/choose-vault.tsx'
import { PairingSteps } from '../parts/pairing-steps.tsx'
import { Verifying } from '../parts/verifying.tsx'

/** From a new device to one that counts: the vault, the key, the owners' approval. */
export function PairPage() {
  const pinned = usePinned()
  const { data, error, refetch } = useOverview()
  if (pinned.data === undefined) return <LoadingState what="Opening this device" />
  if (!pinned.data) return <ChooseVault />
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Verifying />
  if (data.device?.standing === 'paired') return <Navigate to="/" replace />
  return <PairingSteps overview={data} />
}
