import { Tooltip } from '@mantine/core'
import type { Live } from './live.ts'

const words: Readonly<Record<Live, readonly [mark: string, meaning: string]>> = {
  live: ['Live', 'Changes in the vault show up here by themselves'],
  connecting: ['Connecting', 'The connection to the vault is being made'],
  offline: ['Not live', 'What you see may be old; the connection is being made again by itself'],
}

/** Does the page follow the vault by itself now? */
export function LiveMark({ live }: { live: Live }) {
  const [mark, meaning] = words[live]
  return (
    <Tooltip label={meaning} withinPortal={false} multiline w={240}>
      <span className="tv-live" role="status" data-live={live}>
        {mark}
      </span>
    </Tooltip>
  )
}
