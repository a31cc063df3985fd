import { Alert, Button, Checkbox, Group, Paper, Stack, Text, TextInput } from '@mantine/core'
import { IconQrcode } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { ErrorState, PageTitle, Words } from '@trivault/ui'
import { lazy, Suspense, useEffect, useState } from 'react'
import type { VaultCard } from '../device/views.ts'
import { useDevice, useRefresh } from '../device-context.tsx'

const ScanQr = lazy(async () => ({ default: (await import('./scan-qr.tsx')).ScanQr }))

/** Step 1: which vault. A link says it; without one the person compares six words. */
export function ChooseVault() {
  const device = useDevice()
  const fromAddress = /^#vault=./.test(window.location.hash) ? window.location.hash : undefined
  const [link, setLink] = useState('')
  const [scanning, setScanning] = useState(false)
  const look = useMutation({
    mutationFn: async (given: string | undefined) => ({ card: await device.lookUp(given), named: given !== undefined }),
  })
  const { mutate } = look
  useEffect(() => {
    if (fromAddress !== undefined) mutate(fromAddress)
  }, [fromAddress, mutate])
  if (look.data !== undefined) return <ConfirmVault card={look.data.card} named={look.data.named} onBack={look.reset} />
  return (
    <>
      <PageTitle>Pair this device</PageTitle>
      <Stack maw={520}>
        <Text>
          To begin, this device must know your vault for sure. Scan the pairing code that every paired device shows
          under Vault, or paste its link.
        </Text>
        {look.error !== null && <ErrorState error={look.error} />}
        {scanning ? (
          <Suspense>
            <ScanQr onFound={mutate} onClose={() => setScanning(false)} />
          </Suspense>
        ) : (
          <Button leftSection={<IconQrcode size={18} />} onClick={() => setScanning(true)}>
            Scan the pairing code
          </Button>
        )}
        <form
          onSubmit={event => {
            event.preventDefault()
            mutate(link)
          }}
        >
          <Group align="flex-end" gap="xs">
            <TextInput
              label="Pairing link"
              placeholder="https://…/pair#vault=…"
              value={link}
              onChange={event => setLink(event.currentTarget.value)}
              style={{ flex: 1 }}
            />
            <Button type="submit" variant="default" disabled={link === ''} loading={look.isPending}>
              Use the link
            </Button>
          </Group>
        </form>
        <Text size="sm" c="dimmed">
          No code at hand? Ask the vault itself, and compare six words with a node admin or another founder.
        </Text>
        <Button variant="default" loading={look.isPending} onClick={() => mutate(undefined)}>
          Ask the vault
        </Button>
      </Stack>
    </>
  )
}

function ConfirmVault(props: { card: VaultCard & { pins: string }; named: boolean; onBack: () => void }) {
  const { card, named, onBack } = props
  const device = useDevice()
  const refresh = useRefresh()
  const [compared, setCompared] = useState(named)
  const pin = useMutation({ mutationFn: () => device.pin(card.pins), onSuccess: refresh })
  return (
    <>
      <PageTitle>Is this your vault?</PageTitle>
      <Stack maw={520}>
        <Paper withBorder p="md">
          <Text fw={600} mb="xs">
            {card.deploymentId}
          </Text>
          <Words words={card.words} />
        </Paper>
        {named ? (
          <Text>The pairing code names this vault. From now on this device takes no other one.</Text>
        ) : (
          <Alert color="yellow" variant="light" title="Compare the six words">
            <Text size="sm">
              The wallet brought them, and it is not to be believed. Ask a node admin or another founder, by voice, for
              the six words of the vault.
            </Text>
            <Checkbox
              mt="sm"
              label="Somebody whom I know read me the same six words"
              checked={compared}
              onChange={event => setCompared(event.currentTarget.checked)}
            />
          </Alert>
        )}
        {pin.error !== null && <ErrorState error={pin.error} />}
        <Group>
          <Button disabled={!compared} loading={pin.isPending} onClick={() => pin.mutate()}>
            This is my vault
          </Button>
          <Button variant="default" onClick={onBack}>
            Back
          </Button>
        </Group>
      </Stack>
    </>
  )
}
