import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import type { ResponseOf } from '@trivault/api-contract'
import { Digest, ErrorState, PageTitle, QueryView, StatusBadge, Time, useApi } from '@trivault/ui'
import type { ReactNode } from 'react'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { ActButton } from '../parts/dialog.tsx'
import { bytesOf, download } from '../parts/download.ts'
import { IntentSummary } from '../parts/intent-summary.tsx'
import { titleOf } from '../parts/operation-title.tsx'
import { remedies } from '../parts/remedies.ts'
import { Facts, Section } from '../parts/section.tsx'
import { TimelineView } from '../parts/timeline.tsx'

type Status = ResponseOf<'cwpgetOperationStatus'>

/** One operation: what it does, every step, who is awaited, what came of it. */
export function OperationPage() {
  const { id } = useParams({ from: '/frame/operations/$id' })
  const params = { params: { operationID: id } }
  const status = useCall('cwpgetOperationStatus', params)
  return (
    <QueryView query={status} what="Reading the operation">
      {data => <Known key={id} id={id} status={data} />}
    </QueryView>
  )
}

const isFinal = ({ Status: name }: Status): boolean => name === 'Failed' || name === 'Succeeded'

function Known({ id, status }: { id: string; status: Status }) {
  const me = useMe()
  const params = { params: { operationID: id } }
  const intent = useCall('cwpgetOperationIntent', params, { constant: true })
  const timeline = useCall('trivaultOperationTimeline', params)
  return (
    <>
      <PageTitle actions={me.writes && !isFinal(status) && <Cancel id={id} />}>
        <Group gap="sm">
          {intent.data === undefined ? 'Operation' : titleOf(intent.data)}
          <StatusBadge status={status.Status} />
        </Group>
      </PageTitle>
      <Failure status={status} />
      <div className="cn-cards">
        <Section title="What it does">
          <QueryView query={intent} what="Reading what was asked for">
            {data => <IntentSummary intent={data} />}
          </QueryView>
        </Section>
        <Section title="Timeline">
          <QueryView query={timeline} what="Reading the steps">
            {data => (
              <TimelineView
                timeline={data}
                awaited={isFinal(status) ? undefined : <Awaited id={id} status={status} />}
              />
            )}
          </QueryView>
        </Section>
      </div>
      <Result id={id} status={status} />
      <Section title="Exact request" note="The text whose bytes the approvers' devices sign.">
        <Digest value={id} label="Copy the operation id" />
        <QueryView query={intent} what="Reading it">
          {data => (
            <details>
              <summary>Show the request</summary>
              <Code block className="cn-json">
                {JSON.stringify(data, null, 2)}
              </Code>
            </details>
          )}
        </QueryView>
      </Section>
    </>
  )
}

function Failure({ status: { ErrorDetails } }: { status: Status }) {
  if (ErrorDetails === undefined) return null
  const { ErrorCode, Properties } = ErrorDetails
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      mb="md"
      title={`It failed: ${String(Properties?.Reason ?? 'no reason was given')}`}
    >
      <Text size="sm">
        {remedies[ErrorCode] ?? 'Correct what the reason names and start it again.'} ({ErrorCode})
      </Text>
    </Alert>
  )
}

const stages: Readonly<Partial<Record<Status['Status'], string>>> = {
  'Pending initialization': 'Waits until all three nodes certify the start',
  'Pending execution': 'Approved; the nodes judge it next',
  'Pending signature': 'The nodes sign it together',
  Executing: 'On its way to the chain',
}

/** Who must approve next, or what else it waits for. */
function Awaited({ id, status }: { id: string; status: Status }) {
  const waits = status.Status === 'Pending confirmation' || status.Status === 'Pending approval'
  const approvals = useCall('cwpgetOperationApprovalStatus', { params: { operationID: id } }, { enabled: waits })
  const needs = useCall('trivaultPolicyTest', { body: { OperationID: id } }, { enabled: waits })
  const timeline = useCall('trivaultOperationTimeline', { params: { operationID: id } })
  const { ExpiresAt, WaitsUntil } = timeline.data ?? {}
  const people = approvals.data?.PendingApprovals ?? []
  return (
    <div role="status">
      <Text fw={600}>{waits ? 'Waits for approval' : (stages[status.Status] ?? status.Status)}</Text>
      {people.length > 0 && <Text size="sm">Can approve now: {people.join(', ')}</Text>}
      {waits && approvals.data !== undefined && people.length === 0 && (
        <Text size="sm">Nobody with a paired device could approve this now. Pair one, or cancel it.</Text>
      )}
      {needs.data && <Lines lines={needs.data.Unmet.map(need => `Still needs ${need}`)} />}
      {needs.data?.HeldUp.map(({ Code: code, Reason }) => (
        <Text size="sm" key={code}>
          {Reason} ({code})
        </Text>
      ))}
      {waits && ExpiresAt !== undefined && (
        <Text size="sm" c="dimmed" component="div">
          Expires <Time at={ExpiresAt} />
        </Text>
      )}
      {WaitsUntil !== undefined && (
        <Text size="sm" component="div">
          The delay of loosenings ends <Time at={WaitsUntil} />; until then any owner can veto it.
        </Text>
      )}
    </div>
  )
}

const Lines = ({ lines }: { lines: readonly string[] }) => (
  <ul className="cn-plain">
    {lines.map(line => (
      <li key={line}>
        <Text size="sm">{line}</Text>
      </li>
    ))}
  </ul>
)

function Result({ id, status: { Result: result } }: { id: string; status: Status }) {
  if (result === undefined) return null
  const { Transaction, GenericSignature, Backup } = result
  const rows: (readonly [string, ReactNode])[] = [
    ['Transaction hash', Transaction?.ID && <Digest value={Transaction.ID} label="Copy the hash" />],
    ['Signed transaction', Transaction?.SignedTransaction && <Digest value={Transaction.SignedTransaction} />],
    ['Signature', GenericSignature?.Signature && <Digest value={GenericSignature.Signature} />],
    ['Backup', Backup && `${Backup.length} encrypted files; fetch them with trivault backup`],
  ]
  return (
    <Section title="Result">
      <Facts rows={rows} />
      {(Transaction ?? GenericSignature) && <Receipt id={id} />}
    </Section>
  )
}

/** A file that proves the signature to others, without this vault. */
function Receipt({ id }: { id: string }) {
  const api = useApi()
  const fetchReceipt = useMutation({
    mutationFn: async () => {
      const { file } = await api.call('trivaultReceipt', { params: { operationID: id } })
      download(`${id}.receipt`, 'application/json', bytesOf(file))
    },
  })
  return (
    <Stack gap="xs" mt="md" align="flex-start">
      <Button
        variant="default"
        leftSection={<IconDownload size={18} />}
        loading={fetchReceipt.isPending}
        onClick={() => fetchReceipt.mutate()}
      >
        Download the receipt
      </Button>
      <Text size="sm" c="dimmed" role="status">
        {fetchReceipt.isSuccess
          ? 'Saved. Anybody verifies it offline with: trivault receipt verify FILE'
          : 'It proves this signature to others: request, approvals, votes of the three nodes.'}
      </Text>
      {fetchReceipt.error && <ErrorState error={fetchReceipt.error} />}
    </Stack>
  )
}

function Cancel({ id }: { id: string }) {
  const api = useApi()
  return (
    <ActButton
      label="Cancel it"
      look={{ color: 'red', variant: 'light' }}
      title="Cancel this operation?"
      act={() => api.call('cwpcancelOperation', { params: { operationID: id }, body: {} })}
      confirm="Cancel it"
      back="Keep it"
      danger
    >
      <Text size="sm">
        It ends and cannot be approved any more. What was executed before may still land on its chain. It can be started
        again.
      </Text>
    </ActButton>
  )
}
