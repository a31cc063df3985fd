import { Alert, Button, Group, Paper, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconAlertTriangle, IconArrowLeft } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { Digest, ErrorState, LoadingState, StatusBadge, Time } from '@trivault/ui'
import { useState } from 'react'
import type { Examination } from '../device/views.ts'
import { useDevice, useExamination, useRefresh } from '../device-context.tsx'
import { Fact, Facts, Lines } from '../parts/facts.tsx'
import { HoldButton } from '../parts/hold-button.tsx'
import { NodesAgree } from '../parts/nodes-agree.tsx'
import { askForPresence } from '../parts/presence.ts'
import { SigningFacts } from '../parts/signing-facts.tsx'

export function OperationPage() {
  const { id } = useParams({ from: '/operation/$id' })
  const { data, error, refetch } = useExamination(id)
  return (
    <>
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        mb="sm"
        leftSection={<IconArrowLeft size={16} />}
        renderRoot={props => <Link to="/" {...props} />}
      >
        Inbox
      </Button>
      {error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <LoadingState what="Decoding here and comparing with three nodes" />
      ) : (
        <Detail examination={data} />
      )}
    </>
  )
}

function Detail({ examination }: { examination: Examination }) {
  const { item, summary, undecodable, refusal } = examination
  const calm =
    refusal !== undefined && !refusal.grave && ['not-pending', 'already-approved', 'not-asked'].includes(refusal.reason)
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Title order={1} size="h2" style={{ overflowWrap: 'anywhere' }}>
          {summary?.title ?? 'This operation cannot be decoded'}
        </Title>
        <StatusBadge status={item.status} />
      </Group>
      {refusal !== undefined && !calm && (
        <Alert
          role="alert"
          color={refusal.grave ? 'red' : 'yellow'}
          variant="light"
          icon={<IconAlertTriangle size={20} />}
          title={refusal.grave ? 'Do not approve: something is wrong' : 'Approving is not possible'}
        >
          <Text size="sm">{sentence(refusal.message)}</Text>
          <Text size="sm">{sentence(refusal.remedy)}</Text>
        </Alert>
      )}
      {summary?.warnings.map(warning => (
        <Alert key={warning} color="orange" variant="light" icon={<IconAlertTriangle size={20} />} title="Look twice">
          <Text size="sm">{warning}</Text>
        </Alert>
      ))}
      <Paper withBorder p="md">
        {summary === undefined ? (
          <Text>{undecodable}</Text>
        ) : (
          <>
            {summary.signing !== undefined && (
              <>
                <SigningFacts signing={summary.signing} />
                <Title order={2} size="h4" mt="lg" mb="xs">
                  In full
                </Title>
              </>
            )}
            <Lines lines={summary.lines} />
          </>
        )}
      </Paper>
      <NodesAgree of={examination} />
      <Paper withBorder p="md">
        <Title order={2} size="h4" mb="sm">
          Approvals
        </Title>
        <Facts>
          {examination.needs.length > 0 && <Fact term="Needs">{examination.needs.join('; ')}</Fact>}
          {item.unmet.length > 0 && <Fact term="Waits for">{item.unmet.join('; ')}</Fact>}
          <Fact term="Approved by">
            {examination.approvals.length === 0
              ? 'nobody yet'
              : examination.approvals.map(({ user, at }) => (
                  <div key={user}>
                    {user}, <Time at={at} />
                  </div>
                ))}
          </Fact>
          <Fact term="Started by">{item.initiator || 'nobody named'} (the wallet says so)</Fact>
          <Fact term="Started">
            <Time at={item.startedAt} />
          </Fact>
          {item.failure !== undefined && <Fact term="Ended because">{item.failure}</Fact>}
          {examination.signatures > 0 && (
            <Fact term="Signed">{examination.signatures} signature(s) by all three nodes</Fact>
          )}
          <Fact term="Operation">
            <Digest value={item.id} label="Copy the operation's id" />
          </Fact>
        </Facts>
      </Paper>
      {calm && <Text c="dimmed">{sentence(refusal.message)}</Text>}
      <Decide examination={examination} />
    </Stack>
  )
}

function Decide({ examination }: { examination: Examination }) {
  const { item, intentHash, refusal, canReject, canVeto } = examination
  const device = useDevice()
  const refresh = useRefresh()
  const [rejecting, setRejecting] = useState(false)
  const [reason, setReason] = useState('')
  const approve = useMutation({
    mutationFn: async () => {
      await askForPresence()
      await device.approve(item.id, intentHash)
    },
    onSettled: refresh,
  })
  const reject = useMutation({ mutationFn: () => device.reject(item.id, reason.trim()), onSettled: refresh })
  const veto = useMutation({ mutationFn: () => device.hold('veto', item.id), onSettled: refresh })
  return (
    <Stack gap="sm" className={refusal === undefined ? 'ap-bar' : undefined}>
      {[approve, reject, veto].map(
        ({ error }, i) => error && <ErrorState key={['approve', 'reject', 'veto'][i]} error={error} />,
      )}
      {rejecting ? (
        <Group align="flex-end">
          <TextInput
            label="Reject for good. Why?"
            description="Kept in the log and shown to the others; may stay empty"
            maxLength={200}
            value={reason}
            onChange={event => setReason(event.currentTarget.value)}
            style={{ flex: '1 1 16rem' }}
          />
          <Button color="red" loading={reject.isPending} onClick={() => reject.mutate()}>
            Reject
          </Button>
          <Button variant="default" onClick={() => setRejecting(false)}>
            Keep it
          </Button>
        </Group>
      ) : (
        <Group wrap="nowrap">
          {refusal === undefined && (
            <HoldButton
              label="Hold to approve"
              confirm="Approve this operation?"
              busy={approve.isPending || approve.isSuccess}
              onDone={() => approve.mutate()}
            />
          )}
          {canReject && (
            <Button variant="default" size="lg" onClick={() => setRejecting(true)}>
              Reject
            </Button>
          )}
          {canVeto && !canReject && (
            <Button variant="default" size="lg" loading={veto.isPending} onClick={() => veto.mutate()}>
              Veto
            </Button>
          )}
        </Group>
      )}
    </Stack>
  )
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
