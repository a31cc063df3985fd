import { Group } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { describeRestriction } from '@trivault/policy'
import { EmptyState, PageTitle } from '@trivault/ui'
import { useExactCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { ChangeButton } from '../parts/change-dialog.tsx'
import { smallDanger } from '../parts/dialog.tsx'
import { LinkButton } from '../parts/link-button.tsx'
import { ListSection } from '../parts/list-section.tsx'
import { PageTabs } from '../parts/page-tabs.tsx'
import { Rates } from '../parts/rates.tsx'
import { DiffLines } from '../parts/restriction-diff.tsx'
import type { Kind, Rule } from '../parts/rule-draft.ts'
import { type PolicyRule, ruleKinds } from '../parts/rule-kinds.ts'
import { Section } from '../parts/section.tsx'
import { Settings } from '../parts/settings.tsx'

const tabs = [
  { value: 'transaction', label: 'Transactions', view: <Rules kind="transaction" /> },
  { value: 'config', label: 'Configuration', view: <Rules kind="config" /> },
  { value: 'policy', label: 'Policy', view: <Rules kind="policy" /> },
  { value: 'settings', label: 'Settings', view: <Settings /> },
  { value: 'rates', label: 'Rates', view: <Rates /> },
]

/** Who must approve what: restrictions of three kinds, and the vault's own settings and rates. */
export function Policies() {
  const { tab } = useSearch({ from: '/frame/policies' })
  const navigate = useNavigate({ from: '/policies' })
  return (
    <>
      <PageTitle>Policies</PageTitle>
      <PageTabs tabs={tabs} shown={tab} onShow={shown => void navigate({ search: { tab: shown } })} />
    </>
  )
}

function Rules({ kind }: { kind: Kind }) {
  const me = useMe()
  const { read, note, title } = ruleKinds[kind]
  const query = useExactCall(read, {})
  return (
    <ListSection
      title={title}
      note={note}
      actions={
        me.writes && (
          <LinkButton to="/policies/edit" search={{ kind }} leftSection={<IconPlus size={18} />}>
            New restriction
          </LinkButton>
        )
      }
      query={{ ...query, data: query.data as readonly Rule[] | undefined }}
      what="Reading the restrictions"
      empty={
        <EmptyState title="No restriction of this kind">
          What each operation needs then follows from its class alone: the initiator, and the owners where it changes
          authority.
        </EmptyState>
      }
    >
      {rules => (
        <div className="cn-cards">
          {[...rules]
            .sort((a, b) => (a.RestrictionID < b.RestrictionID ? -1 : 1))
            .map(rule => (
              <RuleCard key={rule.RestrictionID} kind={kind} rule={rule} />
            ))}
        </div>
      )}
    </ListSection>
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
  const { segment, useStartRule, diff } = ruleKinds[kind]
  const start = useStartRule()
  const { Velocity: _, ...contract } = rule
  return (
    <ChangeButton
      label="Remove"
      look={{ ...smallDanger, 'aria-label': `Remove ${rule.RestrictionID}` }}
      title={`Remove the restriction ${rule.RestrictionID}`}
      segment={segment}
      request={{ Delete: contract }}
      start={() => start({ Delete: rule })}
      confirm="Start the removal"
      danger
    >
      <DiffLines lines={diff(rule, undefined)} />
    </ChangeButton>
  )
}
