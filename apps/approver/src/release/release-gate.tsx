import { Alert, Container, Text } from '@mantine/core'
import { createContext, type ReactNode, useContext, useSyncExternalStore } from 'react'
import type { Release, ReleaseState } from './page.ts'

const Current = createContext<{ state: ReleaseState; update: () => void }>({
  state: { kind: 'checking' },
  update: () => {},
})

export const useRelease = (): ReleaseState => useContext(Current).state
export const useUpdate = (): (() => void) => useContext(Current).update

/** Nothing of the App is shown from files that the release key did not sign. */
export function ReleaseProvider({ release, children }: { release: Release; children: ReactNode }) {
  const state = useSyncExternalStore(release.subscribe, release.state)
  if (state.kind === 'refused')
    return (
      <Container size="xs" py="xl">
        <Alert role="alert" color="red" title="This App was changed and does not start">
          <Text size="sm">The host of this App offers a release that is not taken: {state.why}.</Text>
          <Text size="sm" mt="sm">
            Approve nothing on this device. Tell the people who publish the App, and use another device or the command
            line meanwhile.
          </Text>
        </Alert>
      </Container>
    )
  return <Current value={{ state, update: release.update }}>{children}</Current>
}
