import { Badge, Group, Text } from '@mantine/core'
import type { ResponseOf } from '@trivault/api-contract'
import { EmptyState } from '@trivault/ui'
import { useState } from 'react'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { ChangeButton } from './change-dialog.tsx'
import { DataTable } from './data-table.tsx'
import { smallButton } from './dialog.tsx'
import { ListSection } from './list-section.tsx'
import { isName, NameInput } from './name-input.tsx'

type MasterKey = ResponseOf<'trivaultVault'>['MasterKeys'][number]

/** Master keys: made, backed up, refreshed. */
export function MasterKeys() {
  const me = useMe()
  const query = useCall('trivaultVault')
  return (
    <ListSection
      title="Master keys"
      note="Made by the three nodes together; no part of the vault ever has a whole one."
      actions={me.writes && <Create />}
      query={{ ...query, data: query.data?.MasterKeys }}
      what="Reading the master keys"
      empty={<EmptyState title="No master key yet">Accounts are made under one.</EmptyState>}
    >
      {keys => (
        <DataTable
          label="Master keys"
          rows={keys}
          keyOf={({ Name }) => Name}
          columns={[
            { head: 'Name', cell: ({ Name }) => Name },
            {
              head: 'State',
              cell: ({ BackedUp }) => (
                <>
                  <Badge variant="light" tt="none" radius="sm" color={BackedUp ? 'green' : 'yellow'}>
                    {BackedUp ? 'active' : 'being made'}
                  </Badge>
                  <Text size="sm">{BackedUp ? 'every share backed up' : 'shares are backed up next'}</Text>
                </>
              ),
            },
            { head: 'Accounts', end: true, cell: ({ Accounts }) => Accounts },
            { head: 'Refreshed', end: true, cell: ({ Epoch }) => ['never', 'once'][Epoch] ?? `${Epoch} times` },
          ]}
          actions={me.writes && (key => <Actions masterKey={key} />)}
        />
      )}
    </ListSection>
  )
}

function Actions({ masterKey: { Name, Status } }: { masterKey: MasterKey }) {
  if (Status !== 'active') return null
  return (
    <Group gap={4}>
      <ChangeButton
        label="Backup"
        look={{ ...smallButton, 'aria-label': `Hand out the backup of ${Name}` }}
        title={`Hand out the backup of ${Name}`}
        segment="backupMasterKey"
        request={{ Name }}
      >
        <Text size="sm">
          The operation hands out the encrypted backup; fetch the files with trivault backup. Only the holder of the ERS
          key can open them. Keep both apart.
        </Text>
      </ChangeButton>
      <ChangeButton
        label="Refresh"
        look={{ ...smallButton, 'aria-label': `Refresh the shares of ${Name}` }}
        title={`Refresh the shares of ${Name}`}
        segment="refreshMasterKey"
        request={{ Name }}
      >
        <Text size="sm">
          The nodes make new shares of the same key, back them up and erase the old ones. Addresses stay. Old backups
          still open the key: destroy them afterwards.
        </Text>
      </ChangeButton>
    </Group>
  )
}

function Create() {
  const [name, setName] = useState('')
  return (
    <ChangeButton
      label="New master key"
      look={{ variant: 'default' }}
      segment="createMasterKey"
      request={isName(name) ? { Name: name } : undefined}
    >
      <NameInput value={name} onChange={setName} />
    </ChangeButton>
  )
}
