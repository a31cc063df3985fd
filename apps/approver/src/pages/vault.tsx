import { Alert, Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Digest, EmptyState, ErrorState, PageTitle, QrCode, QueryView, Time, useApi, useEnv, Words } from '@trivault/ui'
import type { Founding } from '../device/views.ts'
import { useFounding, useOverview, useRefresh } from '../device-context.tsx'
import { Fact, Facts } from '../parts/facts.tsx'
import { useRelease } from '../release/release-gate.tsx'

export function VaultPage() {
  const founding = useFounding()
  return (
    <>
      <PageTitle>Vault</PageTitle>
      <QueryView query={founding} what="Reading the founding from the certified log">
        {data => (
          <Stack gap="lg">
            <Identity founding={data} />
            <Owners founding={data} />
            <PairAnother link={data.vault.link} />
            <About />
          </Stack>
        )}
      </QueryView>
    </>
  )
}

function Identity({ founding: { vault } }: { founding: Founding }) {
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="sm">
        {vault.deploymentId}
      </Title>
      <Stack gap="sm">
        <Text size="sm">The vault in six words. Every founder and every paired device has the same:</Text>
        <Words words={vault.words} />
        <Digest value={vault.id} label="Copy the vault's id" />
      </Stack>
    </Paper>
  )
}

function Owners({ founding }: { founding: Founding }) {
  const api = useApi()
  const refresh = useRefresh()
  const seal = useMutation({ mutationFn: () => api.start('seal', {}), onSettled: refresh })
  const { sealed, owners, required, ownerGroup, ready, operationId } = founding
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="sm">
        Owners
      </Title>
      <Stack gap="md">
        <Text size="sm">
          {ownerGroup === undefined
            ? 'The vault is not set up yet.'
            : `Group "${ownerGroup}": ${required} of ${owners.length} must approve what changes authority.`}{' '}
          {sealed
            ? 'The vault is sealed: no key comes or goes without them.'
            : 'The vault is not sealed: nothing is signed yet.'}
        </Text>
        {owners.length === 0 && <EmptyState title="No owners yet">The vault's set-up names them.</EmptyState>}
        {owners.map(({ userId, words }) => (
          <div key={userId}>
            <Text fw={600} size="sm" mb={4}>
              {userId}
            </Text>
            {words === undefined ? <Text size="sm">No device key yet</Text> : <Words words={words} />}
          </div>
        ))}
        {!sealed && operationId !== undefined && (
          <Alert color="blue" variant="light" title="The founders are asked to seal the vault">
            <Link to="/operation/$id" params={{ id: operationId }}>
              Compare and approve the seal
            </Link>
          </Alert>
        )}
        {seal.error !== null && <ErrorState error={seal.error} />}
        {!sealed && ready && operationId === undefined && (
          <Stack gap="xs">
            <Text size="sm">
              Read the six words of the vault and of every owner to each other, by voice. When all are the same, start
              the seal; every founder approves it.
            </Text>
            <Group>
              <Button loading={seal.isPending} onClick={() => seal.mutate()}>
                We compared them: start the seal
              </Button>
            </Group>
          </Stack>
        )}
      </Stack>
    </Paper>
  )
}

function PairAnother({ link }: { link: string }) {
  const { APPROVER_URL } = useEnv()
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="sm">
        Pair a device
      </Title>
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          The code tells a new device which vault it is for. It is no secret and gives no right: the owners approve each
          key.
        </Text>
        <QrCode value={`${APPROVER_URL}${link}`} label="Pairing code of this vault" />
        <Digest value={`${APPROVER_URL}${link}`} label="Copy the pairing link" />
      </Stack>
    </Paper>
  )
}

function About() {
  const release = useRelease()
  const env = useEnv()
  const { data } = useOverview()
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="sm">
        This App
      </Title>
      <Facts>
        <Fact term="Release">
          {release.kind === 'installed'
            ? `${release.version}, ${release.label}`
            : release.kind === 'none'
              ? release.why
              : 'being checked'}
        </Fact>
        {release.kind === 'installed' && (
          <Fact term="Hash">
            <Digest value={release.hash} label="Copy the hash of the release" />
          </Fact>
        )}
        <Fact term="Environment">{env.ENVIRONMENT}</Fact>
        <Fact term="Wallet">{env.API_URL}</Fact>
        {data && (
          <Fact term="Log">
            verified up to entry {data.log.seq}, <Time at={data.log.time} />
          </Fact>
        )}
      </Facts>
    </Paper>
  )
}
