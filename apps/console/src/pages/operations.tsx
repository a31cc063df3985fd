import { Group, NativeSelect } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { BodyOf, ResponseOf } from '@trivault/api-contract'
import { operationTypeNames, type Status, statuses } from '@trivault/protocol'
import { EmptyState, PageTitle, QueryView, StatusBadge, Time, useApi } from '@trivault/ui'
import { DataTable } from '../parts/data-table.tsx'
import { OperationTitle } from '../parts/operation-title.tsx'
import { Section } from '../parts/section.tsx'
import { ShowOlder } from '../parts/show-older.tsx'

export type OperationInfo = ResponseOf<'cwpsearchOperationInfos'>['Infos'][number]
type Filter = NonNullable<BodyOf<'cwpsearchOperationInfos'>['Filter']>

const pageSize = 30
const kinds = operationTypeNames.toSorted()

/** Undefined: the API's own choice, what is not final. */
const statusGroups: readonly { value: string; label: string; statuses: readonly Status[] | undefined }[] = [
  { value: 'open', label: 'Under way', statuses: undefined },
  { value: 'waiting', label: 'Waiting for approval', statuses: ['Pending confirmation', 'Pending approval'] },
  { value: 'succeeded', label: 'Succeeded', statuses: ['Succeeded'] },
  { value: 'failed', label: 'Failed', statuses: ['Failed'] },
  { value: 'all', label: 'All', statuses },
]

/** Operations, newest first, by status and kind. */
export function Operations() {
  const { show = 'open', type = '' } = useSearch({ from: '/frame/operations' })
  const navigate = useNavigate({ from: '/operations' })
  const api = useApi()
  const Statuses = statusGroups.find(({ value }) => value === show)?.statuses
  const filter = {
    ...(Statuses !== undefined && { Statuses }),
    ...(type !== '' && { OperationTypes: [type] }),
  } as Filter
  const query = useInfiniteQuery({
    queryKey: ['cwpsearchOperationInfos', filter],
    queryFn: ({ pageParam }) =>
      api.call('cwpsearchOperationInfos', {
        body: { Filter: filter, Pagination: { Size: pageSize, ...(pageParam !== '' && { Token: pageParam }) } },
      }),
    initialPageParam: '',
    getNextPageParam: ({ PaginationToken }) => PaginationToken || undefined,
  })
  return (
    <>
      <PageTitle>Operations</PageTitle>
      <Section
        title="Newest first"
        actions={
          <Group gap="xs">
            <NativeSelect
              aria-label="Status"
              value={show}
              onChange={event =>
                void navigate({ search: { show: event.currentTarget.value, type: type || undefined } })
              }
              data={statusGroups.map(({ value, label }) => ({ value, label }))}
            />
            <NativeSelect
              aria-label="Kind"
              value={type}
              onChange={event => void navigate({ search: { show, type: event.currentTarget.value || undefined } })}
              data={[{ value: '', label: 'Every kind' }, ...kinds]}
            />
          </Group>
        }
      >
        <QueryView query={query} what="Reading operations">
          {({ pages }) => {
            const rows = pages.flatMap(({ Infos }) => Infos)
            if (rows.length === 0) return <Nothing show={show} />
            return (
              <>
                <OperationTable rows={rows} />
                <ShowOlder query={query} />
              </>
            )
          }}
        </QueryView>
      </Section>
    </>
  )
}

function Nothing({ show }: { show: string }) {
  if (show === 'open')
    return <EmptyState title="Nothing is under way">What ended is under another status: choose All, above.</EmptyState>
  return <EmptyState title="No operations like this">Choose another status or kind.</EmptyState>
}

export function OperationTable({ rows }: { rows: readonly OperationInfo[] }) {
  return (
    <DataTable
      label="Operations"
      rows={rows}
      keyOf={({ OperationID }) => OperationID}
      columns={[
        {
          head: 'Operation',
          lead: true,
          cell: ({ OperationID, OperationType }) => (
            <>
              <Link className="cn-link" to="/operations/$id" params={{ id: OperationID }}>
                <OperationTitle id={OperationID} type={OperationType} />
              </Link>
              <div className="tv-mono cn-id">{OperationID}</div>
            </>
          ),
        },
        {
          head: 'Status',
          cell: ({ Status, ErrorCode }) => (
            <Group gap={6}>
              <StatusBadge status={Status} />
              {ErrorCode}
            </Group>
          ),
        },
        { head: 'Started by', cell: ({ InitiatorID }) => InitiatorID ?? 'nobody named' },
        { head: 'Started', cell: ({ CreatedTime }) => <Time at={CreatedTime} /> },
      ]}
    />
  )
}
