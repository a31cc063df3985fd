import { Alert, Button, Text } from '@mantine/core'
import { IconDevices, IconHistory, IconInbox, IconShieldLock, IconSnowflake } from '@tabler/icons-react'
import { Outlet, useLocation } from '@tanstack/react-router'
import { AppShell, LiveMark, type NavItem, SessionGate, useSessionView } from '@trivault/ui'
import { useLive, useOverview } from '../device-context.tsx'
import { useRelease, useUpdate } from '../release/release-gate.tsx'

export function Root() {
  const live = useLive()
  const { state } = useSessionView()
  const { data } = useOverview()
  const { pathname } = useLocation()
  const asked = data?.inbox.filter(item => item.asked).length ?? 0
  const nav: NavItem[] = [
    { to: '/', label: 'Inbox', icon: IconInbox, count: asked },
    { to: '/history', label: 'History', icon: IconHistory },
    { to: '/devices', label: 'Devices', icon: IconDevices },
    { to: '/vault', label: 'Vault', icon: IconShieldLock },
  ]
  const inside = data !== undefined && state !== 'signed-out'
  return (
    <AppShell
      app="Approver"
      nav={inside ? nav : []}
      column="720px"
      status={state === 'signed-in' && <LiveMark live={live} />}
    >
      {pathname === '/callback' ? (
        <Outlet />
      ) : (
        <>
          <ReleaseNotices />
          <SessionGate app="The Approver App">
            <Notices />
            <Outlet />
          </SessionGate>
        </>
      )}
    </AppShell>
  )
}

/** What matters on every page. */
function Notices() {
  const { data } = useOverview()
  const { email } = useSessionView()
  const other =
    data?.device !== undefined && email !== undefined && data.device.userId.toLowerCase() !== email.toLowerCase()
  return (
    <>
      {data?.offline && (
        <Alert color="gray" variant="light" mb="md" title="The vault cannot be reached">
          <Text size="sm">
            You see what this device knew at entry {data.log.seq}. Approving works again when it is back.
          </Text>
        </Alert>
      )}
      {data?.freeze && (
        <Alert
          color="red"
          variant="light"
          mb="md"
          icon={<IconSnowflake size={20} />}
          title={`The vault is frozen by ${data.freeze.by}`}
        >
          <Text size="sm">
            Nothing is signed until the owners end the freeze. Find out why before you approve that.
          </Text>
        </Alert>
      )}
      {other && (
        <Alert color="red" variant="light" mb="md" title={`This device belongs to ${data.device?.userId}`}>
          <Text size="sm">
            You are signed in as {email}. What this device signs counts as {data.device?.userId}: sign out.
          </Text>
        </Alert>
      )}
    </>
  )
}

/** What is to be known of the App's own files. */
function ReleaseNotices() {
  const release = useRelease()
  const update = useUpdate()
  return (
    <>
      {release.kind === 'none' && (
        <Alert color="orange" variant="light" mb="md" title="The files of this App are not verified">
          <Text size="sm">Here {release.why}. Use another browser for approvals.</Text>
        </Alert>
      )}
      {release.kind === 'installed' && release.updateReady && (
        <Alert color="blue" variant="light" mb="md" title="A new release of this App is verified and ready">
          <Button size="xs" variant="default" onClick={update}>
            Use it now
          </Button>
        </Alert>
      )}
      {release.kind === 'installed' && release.refusedUpdate !== undefined && (
        <Alert color="red" variant="light" mb="md" title="An update of this App was refused">
          <Text size="sm">
            {`Its host offers a release that is not taken: ${release.refusedUpdate}. `}
            You go on with the release that was installed before. Tell the people who publish the App.
          </Text>
        </Alert>
      )}
    </>
  )
}
