import { Badge } from '@mantine/core'
import { Digest, EmptyState, Time } from '@trivault/ui'
import { useCall } from '../calls.ts'
import { DataTable } from './data-table.tsx'
import { ListSection } from './list-section.tsx'

/** A key for which no identity provider vouched says nothing of where it is used. */
const channels: Readonly<Record<string, string>> = {
  app: 'Approver App',
  cli: 'command line',
  automated: 'a program, or without an identity provider',
}

/** Device keys, those that count first. */
export function Devices() {
  const query = useCall('trivaultDevices')
  return (
    <ListSection
      title="Devices"
      note="A device key signs the approvals of one user. It is paired and revoked in the Approver App, or by the owners."
      query={query}
      what="Reading the devices"
      empty={<EmptyState title="No device is paired">Each owner pairs one in the Approver App.</EmptyState>}
    >
      {list => (
        <DataTable
          label="Devices"
          rows={list}
          keyOf={({ KeyID }) => KeyID}
          columns={[
            { head: 'User', lead: true, cell: ({ UserID }) => UserID },
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
              head: 'Identity provider vouched',
              cell: ({ VouchedAt }) => (VouchedAt === undefined ? 'no' : <Time at={VouchedAt} />),
            },
            { head: 'Key', cell: ({ KeyID }) => <Digest value={KeyID} label="Copy the key's fingerprint" /> },
          ]}
        />
      )}
    </ListSection>
  )
}
