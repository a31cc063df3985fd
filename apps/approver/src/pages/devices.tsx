import { Alert, Badge, Button, Group, Paper, Stack, Switch, Text, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { ErrorState, PageTitle, QueryView, Time, useApi, Words } from '@trivault/ui'
import { useState } from 'react'
import type { Person } from '../device/views.ts'
import { useDevice, useOverview, usePeople, useRefresh } from '../device-context.tsx'
import { AskAgain } from '../parts/ask-again.tsx'
import { HoldButton } from '../parts/hold-button.tsx'
import { forgetPresence, presencePossible, presenceWanted, wantPresence } from '../parts/presence.ts'

export function DevicesPage() {
  const people = usePeople()
  return (
    <>
      <PageTitle>Devices</PageTitle>
      <Stack gap="lg">
        <ThisDevice />
        <section aria-label="Device keys of this vault">
          <QueryView query={people} what="Reading the device keys from the certified log">
            {list => (
              <Stack>
                {list.map(person => (
                  <PersonCard key={person.userId} person={person} />
                ))}
              </Stack>
            )}
          </QueryView>
        </section>
        <FreezeCard />
      </Stack>
    </>
  )
}

function ThisDevice() {
  const { data } = useOverview()
  const device = useDevice()
  const refresh = useRefresh()
  const remove = useMutation({
    mutationFn: async () => {
      await device.erase()
      forgetPresence()
    },
    onSuccess: refresh,
  })
  if (data?.device === undefined) return null
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            This device
          </Title>
          <Badge variant="light" color={data.device.standing === 'paired' ? 'green' : 'yellow'} tt="none">
            {data.device.standing === 'paired' ? 'counts' : 'does not count'}
          </Badge>
        </Group>
        <Text size="sm">What it signs counts as {data.device.userId}. Its key in six words:</Text>
        <Words words={data.device.words} />
        <Presence userId={data.device.userId} />
        <AskAgain
          label="Remove this device"
          consequence="The key is erased and cannot come back. Until the owners give you another device you cannot approve."
          confirm="Erase the key"
          busy={remove.isPending}
          onConfirm={() => remove.mutate()}
        />
      </Stack>
    </Paper>
  )
}

/** The platform's passkey before each approval, where there is one. */
function Presence({ userId }: { userId: string }) {
  const possible = useQuery({ queryKey: ['presence'], queryFn: presencePossible, staleTime: Number.POSITIVE_INFINITY })
  const [wanted, setWanted] = useState(presenceWanted)
  const change = useMutation({
    mutationFn: async (on: boolean) => {
      if (on) await wantPresence(userId)
      else forgetPresence()
      setWanted(on)
    },
  })
  if (possible.data !== true) return null
  return (
    <>
      <Switch
        label="Ask for this device's fingerprint, face or PIN before each approval"
        checked={wanted}
        disabled={change.isPending}
        onChange={event => change.mutate(event.currentTarget.checked)}
      />
      {change.error !== null && <ErrorState error={change.error} />}
    </>
  )
}

function PersonCard({ person }: { person: Person }) {
  const api = useApi()
  const refresh = useRefresh()
  const revoke = useMutation({
    mutationFn: () => api.start('resetUser', { UserID: person.userId }),
    onSettled: refresh,
  })
  const active = person.keys.filter(key => key.active)
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Group justify="space-between">
          <Title order={2} size="h4">
            {person.name}
          </Title>
          <Group gap="xs">
            {person.mine && (
              <Badge variant="light" tt="none">
                you
              </Badge>
            )}
            {person.owner && (
              <Badge variant="light" color="grape" tt="none">
                owner
              </Badge>
            )}
          </Group>
        </Group>
        <Text size="sm" c="dimmed">
          {person.userId}
        </Text>
        {active.length === 0 && <Text size="sm">No device key that counts</Text>}
        {active.map(key => (
          <Text key={key.keyId} size="sm" component="div">
            <b>{key.words}</b>
            <br />
            used in {key.channel === 'automated' ? 'a program, or without an identity provider' : `the ${key.channel}`}
            {key.thisDevice && ' · this device'}
            {key.vouchedAt !== undefined && (
              <>
                {' '}
                · vouched for <Time at={key.vouchedAt} />
              </>
            )}
          </Text>
        ))}
        {person.keys.length > active.length && (
          <Text size="sm" c="dimmed">
            Earlier keys, which no longer count: {person.keys.length - active.length}
          </Text>
        )}
        {revoke.error !== null && <ErrorState error={revoke.error} />}
        {revoke.isSuccess && (
          <Alert color="blue" variant="light" title="Asked the owners to revoke it" role="status">
            <Text size="sm">
              It stops counting once they approve. Freeze the vault if somebody else may hold the device.
            </Text>
          </Alert>
        )}
        {active.length > 0 && !revoke.isSuccess && (
          <AskAgain
            label={person.mine ? 'I lost this device' : 'Lost or stolen: revoke'}
            size="xs"
            consequence={`The owners are asked to take this key from ${person.userId}. Approvals that it signed no longer count. The person pairs a new device afterwards.`}
            confirm="Ask the owners"
            busy={revoke.isPending}
            onConfirm={() => revoke.mutate()}
          />
        )}
      </Stack>
    </Paper>
  )
}

/** An owner's lever: nothing is signed from now on. */
function FreezeCard() {
  const { data } = useOverview()
  const device = useDevice()
  const api = useApi()
  const refresh = useRefresh()
  const freeze = useMutation({ mutationFn: () => device.hold('freeze'), onSettled: refresh })
  const thaw = useMutation({ mutationFn: () => api.start('unfreeze', {}), onSettled: refresh })
  if (data?.device?.standing !== 'paired' || !data.device.owner) return null
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Title order={2} size="h4">
          {data.freeze ? 'The vault is frozen' : 'Emergency'}
        </Title>
        {[freeze.error, thaw.error].map(error => error && <ErrorState key={error.message} error={error} />)}
        {data.freeze ? (
          <>
            <Text size="sm">
              Frozen by {data.freeze.by}, <Time at={data.freeze.at} />. The owner quorum ends the freeze.
            </Text>
            <Group>
              <Button
                variant="default"
                loading={thaw.isPending}
                disabled={thaw.isSuccess}
                onClick={() => thaw.mutate()}
              >
                {thaw.isSuccess ? 'The owners are asked' : 'Ask the owners to end the freeze'}
              </Button>
            </Group>
          </>
        ) : (
          <>
            <Text size="sm">
              Freeze the vault when something is wrong, such as a stolen device. Your signature alone stops every
              signature at all three nodes; only the owner quorum starts them again.
            </Text>
            <HoldButton
              label="Hold to freeze the vault"
              confirm="Freeze the vault?"
              tone="danger"
              busy={freeze.isPending}
              onDone={() => freeze.mutate()}
            />
          </>
        )}
      </Stack>
    </Paper>
  )
}
