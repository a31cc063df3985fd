import { Progress } from '@mantine/core'
import { LoadingState } from '@trivault/ui'
import { useProgress } from '../device-context.tsx'

/** While the log is read and verified. */
export function Verifying() {
  const progress = useProgress()
  if (progress === undefined || progress.total === 0) return <LoadingState what="Reading the vault's certified log" />
  const percent = Math.round((progress.done / progress.total) * 100)
  return (
    <LoadingState what={`Verifying entry ${progress.done} of ${progress.total} on this device`}>
      <Progress value={percent} w={240} aria-label="Entries verified" />
    </LoadingState>
  )
}
