import { Button, Group, Text, TextInput } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ResponseOf } from '@trivault/api-contract'
import { EmptyState, ErrorState, PageTitle, QueryView, Time, useApi } from '@trivault/ui'
import { useState } from 'react'
import { DataTable } from '../parts/data-table.tsx'
import { bytesOf, download } from '../parts/download.ts'
import { Section } from '../parts/section.tsx'
import { ShowOlder } from '../parts/show-older.tsx'

type Row = ResponseOf<'trivaultAuditRows'>['Rows'][number]

/** What all three nodes certified, newest first, and the file that proves it. */
export function Audit() {
  const api = useApi()
  const query = useInfiniteQuery({
    queryKey: ['trivaultAuditRows'],
    queryFn: ({ pageParam }) =>
      api.call('trivaultAuditRows', { query: { entries: 40, ...(pageParam > 0 && { before: pageParam }) } }),
    initialPageParam: 0,
    getNextPageParam: ({ Before }) => Before,
  })
  return (
    <>
      <PageTitle>Audit log</PageTitle>
      <Export />
      <Section title="Certified commands" note="Newest first. Each stands in an entry that all three nodes voted for.">
        <QueryView query={query} what="Reading the log">
          {({ pages }) => {
            const rows = pages.flatMap(({ Rows }) => Rows)
            if (rows.length === 0)
              return <EmptyState title="The log is empty">Its first entry is the tenant set-up.</EmptyState>
            return (
              <>
                <Rows rows={rows} />
                <ShowOlder query={query} />
              </>
            )
          }}
        </QueryView>
      </Section>
    </>
  )
}

function Rows({ rows }: { rows: readonly Row[] }) {
  return (
    <DataTable
      label="Certified commands"
      rows={rows}
      keyOf={({ Seq, Index }) => `${Seq}/${Index}`}
      columns={[
        { head: 'Entry', end: true, cell: ({ Seq }) => Seq },
        { head: 'Time', cell: ({ Time: time }) => <Time at={time} /> },
        { head: 'Command', cell: ({ Command }) => Command },
        {
          head: 'Operation',
          cell: ({ OperationID, OperationType }) =>
            OperationID === '' ? (
              'none'
            ) : (
              <>
                <Link className="cn-link" to="/operations/$id" params={{ id: OperationID }}>
                  {OperationType || 'operation'}
                </Link>
                <div className="tv-mono cn-id">{OperationID}</div>
              </>
            ),
        },
        { head: 'Who', cell: ({ User }) => User || 'the vault' },
        {
          head: 'Detail',
          cell: ({ Detail }) => (
            <details>
              <summary>Show</summary>
              <pre className="cn-json">{pretty(Detail)}</pre>
            </details>
          ),
        },
      ]}
    />
  )
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2)
  } catch {
    return json
  }
}

const day = (date: Date): string => date.toISOString().slice(0, 10)

/** A zip: the table of a range of days, and the whole certified log from which anybody verifies it offline. */
function Export() {
  const api = useApi()
  const [from, setFrom] = useState(() => day(new Date(Date.now() - 30 * 86_400_000)))
  const [to, setTo] = useState(() => day(new Date()))
  const fetchZip = useMutation({
    mutationFn: async () => {
      const { file = '' } = await api.call('ExportAudit', { query: { start_date: from, end_date: to } })
      download(`audit ${from} to ${to}.zip`, 'application/zip', bytesOf(file))
    },
  })
  const ready = from !== '' && to !== '' && from <= to
  return (
    <Section title="Export" note="A table of these days (UTC), with the whole certified log as its proof.">
      <form
        onSubmit={event => {
          event.preventDefault()
          if (ready) fetchZip.mutate()
        }}
      >
        <Group align="flex-end">
          <TextInput type="date" label="From" value={from} onChange={event => setFrom(event.currentTarget.value)} />
          <TextInput type="date" label="To, included" value={to} onChange={event => setTo(event.currentTarget.value)} />
          <Button type="submit" leftSection={<IconDownload size={18} />} loading={fetchZip.isPending} disabled={!ready}>
            Download
          </Button>
        </Group>
      </form>
      <Text size="sm" c="dimmed" mt="xs" role="status">
        {fetchZip.isPending
          ? 'The wallet collects the log; this can take a while.'
          : fetchZip.isSuccess
            ? 'Saved. Verify it offline with: trivault audit verify FILE'
            : 'The command trivault audit verify checks it offline, without this vault.'}
      </Text>
      {fetchZip.error && <ErrorState error={fetchZip.error} />}
    </Section>
  )
}
