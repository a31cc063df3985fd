import { NativeSelect } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useCall } from '../calls.ts'
import { ChangeButton } from './change-dialog.tsx'
import { isName, NameInput } from './name-input.tsx'

/** An account under one of the active master keys. */
export function NewAccount() {
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState('')
  const facts = useCall('trivaultVault')
  const keys = (facts.data?.MasterKeys ?? []).filter(({ Status }) => Status === 'active').map(({ Name }) => Name)
  const masterKey = chosen || (keys[0] ?? '')
  return (
    <ChangeButton
      label="New account"
      look={{ variant: 'default', leftSection: <IconPlus size={18} /> }}
      segment="createAccount"
      request={isName(name) && masterKey !== '' ? { Name: name, MasterKey: masterKey } : undefined}
    >
      <NameInput value={name} onChange={setName} />
      <NativeSelect
        label="Master key"
        description="Whose key signs for this account"
        data={keys}
        value={masterKey}
        onChange={event => setChosen(event.currentTarget.value)}
      />
    </ChangeButton>
  )
}
