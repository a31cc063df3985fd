import { Button, NativeSelect, TextInput } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useCall } from '../calls.ts'
import { ChangeDialog } from './change-dialog.tsx'

/** An account under one of the active master keys. */
export function NewAccount({ label = 'New account' }: { label?: string }) {
  const [open, setOpen] = useState(false)
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState('')
  const facts = useCall('trivaultVault', undefined, { enabled: open })
  const keys = (facts.data?.MasterKeys ?? []).filter(({ Status }) => Status === 'active').map(({ Name }) => Name)
  const masterKey = chosen || (keys[0] ?? '')
  const bad = name !== '' && !/^\w+( \w+)*$/.test(name)
  return (
    <>
      <Button variant="default" leftSection={<IconPlus size={18} />} onClick={() => setOpen(true)}>
        {label}
      </Button>
      <ChangeDialog
        opened={open}
        onClose={() => setOpen(false)}
        title="New account"
        segment="createAccount"
        request={name !== '' && !bad && masterKey !== '' ? { Name: name, MasterKey: masterKey } : undefined}
      >
        <TextInput
          label="Name"
          data-autofocus
          value={name}
          onChange={event => setName(event.currentTarget.value)}
          error={bad && 'Words of letters, digits and underscores, with single spaces between them'}
        />
        <NativeSelect
          label="Master key"
          description="Whose key signs for this account"
          data={keys}
          value={masterKey}
          onChange={event => setChosen(event.currentTarget.value)}
        />
      </ChangeDialog>
    </>
  )
}
