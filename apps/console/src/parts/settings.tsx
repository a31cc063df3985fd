import { Button, NativeSelect, Stack, Switch, Text, TextInput } from '@mantine/core'
import type { ResponseOf } from '@trivault/api-contract'
import { QueryView } from '@trivault/ui'
import { useState } from 'react'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { ChangeButton, ChangeDialog } from './change-dialog.tsx'
import { Facts, Section } from './section.tsx'

type Values = ResponseOf<'trivaultSettings'>

const hours = (seconds: number): string => {
  const value = seconds / 3600
  if (value >= 48 && value % 24 === 0) return `${value / 24} days`
  return value === 0 ? 'none' : `${value} hour${value === 1 ? '' : 's'}`
}

/** Expiry, delay, self-approval, what money needs; and the freeze, if there is one. */
export function Settings() {
  const me = useMe()
  const query = useCall('trivaultSettings')
  return (
    <QueryView query={query} what="Reading the settings">
      {values => (
        <>
          {me.writes && values.Freeze && (
            <Section
              title="Freeze"
              note="The owner quorum ends it."
              actions={<EndFreeze number={values.Freeze.Number} />}
            >
              {`Number ${values.Freeze.Number}, by ${values.Freeze.By}`}
            </Section>
          )}
          <Section title="Settings" actions={me.writes && <ChangeSettings values={values} />}>
            <Facts
              rows={[
                [
                  'Operations expire',
                  `${hours(values.PendingExpirySeconds)} after their start, if not approved and executed`,
                ],
                ['Delay of loosenings', hours(values.LooseningDelaySeconds)],
                [
                  'Self-approval',
                  values.NoSelfApproval
                    ? "off: the initiator's approval does not count for approver lists"
                    : 'on: the initiator counts as an approver',
                ],
                [
                  'Signatures need',
                  values.MoneyDefault === 'initiator'
                    ? 'the initiator, besides what restrictions ask'
                    : 'the initiator and the owner quorum, besides what restrictions ask',
                ],
              ]}
            />
          </Section>
        </>
      )}
    </QueryView>
  )
}

function EndFreeze({ number }: { number: number }) {
  return (
    <ChangeButton
      label="End the freeze"
      look={{ color: 'red', variant: 'light' }}
      segment="unfreeze"
      request={{ Freeze: number }}
      confirm="Start ending it"
      danger
    >
      <Text size="sm">The nodes sign again once the owner quorum has approved.</Text>
    </ChangeButton>
  )
}

const wholeHours = (text: string, least: number, most: number): boolean =>
  /^\d{1,5}$/.test(text) && Number(text) >= least && Number(text) <= most

function ChangeSettings({ values }: { values: Values }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        Change
      </Button>
      {open && <SettingsDialog values={values} onClose={() => setOpen(false)} />}
    </>
  )
}

function SettingsDialog({ values, onClose }: { values: Values; onClose: () => void }) {
  const [expiry, setExpiry] = useState(String(values.PendingExpirySeconds / 3600))
  const [delay, setDelay] = useState(String(values.LooseningDelaySeconds / 3600))
  const [noSelf, setNoSelf] = useState(values.NoSelfApproval)
  const [money, setMoney] = useState(values.MoneyDefault)
  const good = { expiry: wholeHours(expiry, 1, 8784), delay: wholeHours(delay, 0, 2160) }
  const changed = {
    ...(Number(expiry) * 3600 !== values.PendingExpirySeconds && { PendingExpirySeconds: Number(expiry) * 3600 }),
    ...(Number(delay) * 3600 !== values.LooseningDelaySeconds && { LooseningDelaySeconds: Number(delay) * 3600 }),
    ...(noSelf !== values.NoSelfApproval && { NoSelfApproval: noSelf }),
    ...(money !== values.MoneyDefault && { MoneyDefault: money }),
  }
  const ready = good.expiry && good.delay && Object.keys(changed).length > 0
  return (
    <ChangeDialog
      opened
      onClose={onClose}
      title="Change the settings"
      segment="updateSettings"
      request={ready ? changed : undefined}
    >
      <Stack gap="sm">
        <TextInput
          label="Operations expire after, hours"
          inputMode="numeric"
          value={expiry}
          onChange={event => setExpiry(event.currentTarget.value)}
          error={!good.expiry && 'From 1 hour to 366 days (8784 hours)'}
        />
        <TextInput
          label="Delay of loosenings, hours"
          description="How long an approved change of authority waits; any owner can veto it meanwhile"
          inputMode="numeric"
          value={delay}
          onChange={event => setDelay(event.currentTarget.value)}
          error={!good.delay && 'From 0 to 90 days (2160 hours)'}
        />
        <Switch
          label="The initiator's approval does not count for approver lists"
          checked={noSelf}
          onChange={event => setNoSelf(event.currentTarget.checked)}
        />
        <NativeSelect
          label="Every signature needs, besides what restrictions ask"
          value={money}
          onChange={event => setMoney(event.currentTarget.value === 'initiator' ? 'initiator' : 'owner quorum')}
          data={[
            { value: 'owner quorum', label: 'the initiator and the owner quorum' },
            { value: 'initiator', label: 'the initiator' },
          ]}
        />
      </Stack>
    </ChangeDialog>
  )
}
