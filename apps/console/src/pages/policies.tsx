import { Button, Group, Tabs } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { describeRestriction } from '@trivault/policy'
import { EmptyState, PageTitle, QueryView } from '@trivault/ui'
import { useState } from 'react'
import { useExactCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { ChangeDialog } from '../parts/change-dialog.tsx'
import { LinkButton } from '../parts/link-button.tsx'
import { Rates } from '../parts/rates.tsx'
import { DiffLines } from '../parts/restriction-diff.tsx'
import type { Kind, Rule } from '../parts/rule-draft.ts'
import { type PolicyRule, ruleKinds } from '../parts/rule-kinds.ts'
import { Section } from '../parts/section.tsx'
import { Settings } from '../parts/settings.tsx'

const tabs = ['transaction', 'config', 'policy', 'settings', 'rates'] as const

/** Who must approve what: restrictions of three kinds, and the vault's own settings and rates. */
export function Policies() {
  const { tab = 'transaction' } = useSearch({ from: '/frame/policies' })
  const navigate = useNavigate({ from: '/policies' })
  return (
    <>
      <PageTitle>Policies</PageTitle>
      <Tabs
        value={(tabs as readonly string[]).includes(tab) ? tab : 'transaction'}
        onChange={value => void navigate({ search: { tab: value ?? undefined } })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="transaction">Transactions</Tabs.Tab>
          <Tabs.Tab value="config">Configuration</Tabs.Tab>
          <Tabs.Tab value="policy">Policy</Tabs.Tab>
          <Tabs.Tab value="settings">Settings</Tabs.Tab>
          <Tabs.Tab value="rates">Rates</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="transaction">
          <Rules kind="transaction" />
        </Tabs.Panel>
        <Tabs.Panel value="config">
          <Rules kind="config" />
        </Tabs.Panel>
        <Tabs.Panel value="policy">
          <Rules kind="policy" />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <Settings />
        </Tabs.Panel>
        <Tabs.Panel value="rates">
          <Rates />
        </Tabs.Panel>
      </Tabs>
    </>
  )
}

function Rules({ kind }: { kind: Kind }) {
  const me = useMe()
  const { read, note, title } = ruleKinds[kind]
  const query = useExactCall(read, {})
  return (
    <Section
      title={title}
      note={note}
      actions={
        me.writes && (
          <LinkButton to="/policies/edit" search={{ kind }} leftSection={<IconPlus size={18} />}>
            New restriction
          </LinkButton>
        )
      }
    >
      <QueryView query={query} what="Reading the restrictions">
        {list =>
          list.length === 0 ? (
            <EmptyState title="No restriction of this kind">
              What each operation needs then follows from its class alone: the initiator, and the owners where it
              changes authority.
            </EmptyState>
          ) : (
            <div className="cn-cards">
              {[...(list as readonly Rule[])]
                .sort((a, b) => (a.RestrictionID < b.RestrictionID ? -1 : 1))
                .map(rule => (
                  <RuleCard key={rule.RestrictionID} kind={kind} rule={rule} />
                ))}
            </div>
          )
        }
      </QueryView>
    </Section>
  )
}

function RuleCard({ kind, rule }: { kind: Kind; rule: Rule }) {
  const me = useMe()
  const [, ...lines] = describeRestriction(rule as PolicyRule, ruleKinds[kind].words)
  return (
    <Section title={rule.RestrictionID}>
      <ul className="cn-plain">
        {lines.map(line => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {me.writes && (
        <Group mt="md" gap="xs">
          <LinkButton
            to="/policies/edit"
            search={{ kind, id: rule.RestrictionID }}
            variant="default"
            size="xs"
            aria-label={`Change ${rule.RestrictionID}`}
          >
            Change
          </LinkButton>
          <Remove kind={kind} rule={rule} />
        </Group>
      )}
    </Section>
  )
}

function Remove({ kind, rule }: { kind: Kind; rule: Rule }) {
  const [open, setOpen] = useState(false)
  const { segment, useStartRule, diff } = ruleKinds[kind]
  const start = useStartRule()
  const { Velocity: _, ...contract } = rule
  return (
    <>
      <Button
        variant="light"
        color="red"
        size="xs"
        onClick={() => setOpen(true)}
        aria-label={`Remove ${rule.RestrictionID}`}
      >
        Remove
      </Button>
      <ChangeDialog
        opened={open}
        onClose={() => setOpen(false)}
        title={`Remove the restriction ${rule.RestrictionID}`}
        segment={segment}
        request={{ Delete: contract }}
        start={() => start({ Delete: rule })}
        confirm="Start the removal"
        danger
      >
        <DiffLines lines={diff(rule, undefined)} />
      </ChangeDialog>
    </>
  )
}
