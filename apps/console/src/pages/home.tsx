import { Link } from '@tanstack/react-router'
import { PageTitle } from '@trivault/ui'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { Checklist } from '../parts/checklist.tsx'
import { FreezeNotice } from '../parts/freeze-notice.tsx'
import { Waiting } from '../parts/waiting.tsx'

/** Where things stand: set-up, what waits, what is held. */
export function Home() {
  const me = useMe()
  const settings = useCall('trivaultSettings')
  return (
    <>
      <PageTitle>Welcome, {me.name}</PageTitle>
      <FreezeNotice freeze={settings.data?.Freeze}>
        <Link className="cn-link" to="/policies" search={{ tab: 'settings' }}>
          Settings
        </Link>
      </FreezeNotice>
      <Checklist />
      <Waiting />
    </>
  )
}
