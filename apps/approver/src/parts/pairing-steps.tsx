import { Alert, Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Digest, ErrorState, LoadingState, PageTitle, useApi, useSession, Words } from '@trivault/ui'
import type { DeviceCard, Overview } from '../device/views.ts'
import { useDevice, useRefresh } from '../device-context.tsx'
import { vouchPath } from './vouch.ts'

/** Steps 2 and 3: the key of this device, and the approval that makes it count. */
export function PairingSteps({ overview }: { overview: Overview }) {
  const { device } = overview
  if (device?.standing === 'waiting') return <Waiting card={device} />
  return <MakeKey overview={overview} />
}

function MakeKey({ overview: { vault, device: card, sealed } }: { overview: Overview }) {
  const device = useDevice()
  const api = useApi()
  const session = useSession()
  const refresh = useRefresh()
  const identity = vault.foundingMode === 'identity'
  const begin = useMutation({
    mutationFn: async () => {
      const { Email, Name } = await api.call('getUserInfo')
      await device.makeKey(Email ?? Name)
      if (!identity) return void (await device.startPairing())
      await session.signIn(vouchPath, { nonce: await device.nonce(), prompt: 'login', max_age: 0 })
      await new Promise(() => undefined)
    },
    onSettled: refresh,
  })
  const renew = useMutation({ mutationFn: () => device.erase(), onSuccess: refresh })
  if (begin.isPending) return <LoadingState what="Making the key of this device" />
  return (
    <>
      <PageTitle>
        {card?.standing === 'ended' ? 'This device no longer counts' : 'Make the key of this device'}
      </PageTitle>
      <Stack maw={520}>
        {card?.standing === 'ended' ? (
          <>
            <Alert color="red" variant="light" title="The key of this device does not count">
              <Text size="sm">{card.why}</Text>
            </Alert>
            <Text>Remove it, then pair this device anew with a fresh key.</Text>
          </>
        ) : (
          <Text>
            The key is made inside this browser and cannot leave it.{' '}
            {sealed
              ? 'The owners then approve it, after comparing six words with you.'
              : 'It counts as one of the keys with which the vault is founded.'}
            {identity && ' You confirm it by signing in once more.'}
          </Text>
        )}
        {[begin.error, renew.error].map(error => error && <ErrorState key={error.message} error={error} />)}
        <Group>
          {card?.standing === 'ended' ? (
            <Button loading={renew.isPending} onClick={() => renew.mutate()}>
              Remove this device
            </Button>
          ) : (
            <Button onClick={() => begin.mutate()}>{identity ? 'Make the key and confirm it' : 'Make the key'}</Button>
          )}
        </Group>
      </Stack>
    </>
  )
}

function Waiting({ card }: { card: DeviceCard }) {
  return (
    <>
      <PageTitle>Wait for the owners</PageTitle>
      <Stack maw={560}>
        <Text>
          The owners see this request now. Read them these six words, by voice: they must see the same ones on their
          screens before they approve.
        </Text>
        <Paper withBorder p="md">
          <Words words={card.words} />
        </Paper>
        <Text size="sm" c="dimmed">
          Key of {card.userId}: <Digest value={card.keyId} label="Copy the key's fingerprint" />
        </Text>
        <Alert color="blue" variant="light" title="Still to come" role="status">
          <Text size="sm">{card.unmet.length === 0 ? 'The vault takes it over.' : card.unmet.join('; ')}</Text>
        </Alert>
      </Stack>
    </>
  )
}
