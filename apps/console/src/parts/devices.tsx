import { Badge } from '@mantine/core'
import { Digest, EmptyState, QueryView, Time } from '@trivault/ui'
import { useCall } from '../calls.ts'
import { DataTable } from './data-table.tsx'
import { Section } from './section.tsx'

const channels: Readonly<Record<string, string>> = {
  app: 'Approver App',
  cli: 'command line',
  automated: 'a program: enrolled without the identity provider',
}

/** Device keys, those that count first. */
export function Devices() {
  const query = useCall('trivaultDevices')
  return (
    <Section
      title="Devices"
      note="A device key signs the approvals of one user. It is paired and revoked in the Approver App, or by the owners."
    >
      <QueryView query={query} what="Reading the devices">
        {list =>
          list.length === 0 ? (
            <EmptyState title="No device is paired">Each owner pairs one in the Approver App.</EmptyState>
          ) : (
            <DataTable
              label="Devices"
              rows={list}
              keyOf={({ KeyID }) => KeyID}
              columns={[
                { head: 'User', cell: ({ UserID }) => UserID },
                {
                  head: 'Counts',
                  cell: ({ Active }) => (
                    <Badge variant="light" tt="none" radius="sm" color={Active ? 'green' : 'gray'}>
                      {Active ? 'yes' : 'no longer'}
                    </Badge>
                  ),
                },
                { head: 'Used in', cell: ({ Channel }) => channels[Channel] ?? Channel },
                {
                  head: 'Vouched for',
                  cell: ({ VouchedAt }) => (VouchedAt === undefined ? 'no' : <Time at={VouchedAt} />),
                },
                { head: 'Key', cell: ({ KeyID }) => <Digest value={KeyID} label="Copy the key's fingerprint" /> },
              ]}
            />
          )
        }
      </QueryView>
    </Section>
  )
}
