import { Badge, Button, Group, Text, TextInput } from '@mantine/core'
import type { ResponseOf } from '@trivault/api-contract'
import { EmptyState, QueryView } from '@trivault/ui'
import { useState } from 'react'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { ChangeDialog } from './change-dialog.tsx'
import { DataTable } from './data-table.tsx'
import { Section } from './section.tsx'

type MasterKey = ResponseOf<'trivaultVault'>['MasterKeys'][number]

/** Master keys: made, backed up, refreshed. */
export function MasterKeys() {
  const me = useMe()
  const query = useCall('trivaultVault')
  return (
    <Section
      title="Master keys"
      note="Made by the three nodes together; no part of the vault ever has a whole one."
      actions={me.writes && <Create />}
    >
      <QueryView query={query} what="Reading the master keys">
        {({ MasterKeys: keys }) =>
          keys.length === 0 ? (
            <EmptyState title="No master key yet">Accounts are made under one.</EmptyState>
          ) : (
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
                ...(me.writes ? [{ head: 'Actions', cell: (key: MasterKey) => <Actions masterKey={key} /> }] : []),
              ]}
            />
          )
        }
      </QueryView>
    </Section>
  )
}

const texts = {
  backupMasterKey: {
    title: 'Hand out the backup of',
    text: 'The operation hands out the encrypted backup; fetch the files with trivault backup. Only the holder of the ERS key can open them. Keep both apart.',
  },
  refreshMasterKey: {
    title: 'Refresh the shares of',
    text: 'The nodes make new shares of the same key, back them up and erase the old ones. Addresses stay. Old backups still open the key: destroy them afterwards.',
  },
} as const

function Actions({ masterKey: { Name, Status } }: { masterKey: MasterKey }) {
  const [what, setWhat] = useState<keyof typeof texts>()
  if (Status !== 'active') return null
  const shown = texts[what ?? 'backupMasterKey']
  return (
    <Group gap={4}>
      <Button
        size="xs"
        variant="default"
        onClick={() => setWhat('backupMasterKey')}
        aria-label={`Hand out the backup of ${Name}`}
      >
        Backup
      </Button>
      <Button
        size="xs"
        variant="default"
        onClick={() => setWhat('refreshMasterKey')}
        aria-label={`Refresh the shares of ${Name}`}
      >
        Refresh
      </Button>
      <ChangeDialog
        opened={what !== undefined}
        onClose={() => setWhat(undefined)}
        title={`${shown.title} ${Name}`}
        segment={what ?? 'backupMasterKey'}
        request={{ Name }}
      >
        <Text size="sm">{shown.text}</Text>
      </ChangeDialog>
    </Group>
  )
}

function Create() {
  const [open, setOpen] = useState(false)
  const [name, setName] = useState('')
  const good = /^\w+( \w+)*$/.test(name)
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        New master key
      </Button>
      <ChangeDialog
        opened={open}
        onClose={() => setOpen(false)}
        title="New master key"
        segment="createMasterKey"
        request={good ? { Name: name } : undefined}
      >
        <TextInput
          label="Name"
          data-autofocus
          value={name}
          onChange={event => setName(event.currentTarget.value)}
          error={name !== '' && !good && 'Words of letters, digits and underscores, with single spaces between them'}
        />
      </ChangeDialog>
    </>
  )
}
