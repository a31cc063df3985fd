import { Button, Group, Stack, Text } from '@mantine/core'
import { useSearch } from '@tanstack/react-router'
import { EmptyState, ErrorState, PageTitle, QueryView } from '@trivault/ui'
import { useState } from 'react'
import { useCall, useExactCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { DryRun } from '../parts/dry-run.tsx'
import { LinkButton } from '../parts/link-button.tsx'
import { NoRight } from '../parts/no-right.tsx'
import { PolicyPreview, usePreview } from '../parts/policy-preview.tsx'
import { DiffLines } from '../parts/restriction-diff.tsx'
import { draftOf, emptyDraft, type Kind, problemsOf, type Rule, ruleOf } from '../parts/rule-draft.ts'
import { type Choices, RuleForm } from '../parts/rule-form.tsx'
import { ruleKinds } from '../parts/rule-kinds.ts'
import { Section } from '../parts/section.tsx'
import { useStart } from '../parts/use-start.ts'

const kindOf = (text: string | undefined): Kind => (text === 'config' || text === 'policy' ? text : 'transaction')

/** A new restriction, or a change of one: form, difference in words, dry run, and what the change itself needs. */
export function PolicyEdit() {
  const me = useMe()
  const search = useSearch({ from: '/frame/policies/edit' })
  const kind = kindOf(search.kind)
  const rules = useExactCall(ruleKinds[kind].read, {}, { staleTime: Number.POSITIVE_INFINITY })
  const choices = useChoices()
  if (!me.writes) return <NoRight title="Change a restriction" what="change policies" />
  return (
    <QueryView query={rules} what="Reading the restrictions">
      {list => (
        <QueryView query={choices} what="Reading groups and accounts">
          {data => {
            const all = list as readonly Rule[]
            const before = all.find(({ RestrictionID }) => RestrictionID === search.id)
            if (search.id !== undefined && before === undefined)
              return (
                <EmptyState title={`There is no restriction ${search.id}`}>
                  It was removed or renamed: go back to the list.
                </EmptyState>
              )
            return <Editor key={`${kind} ${search.id}`} kind={kind} before={before} all={all} choices={data} />
          }}
        </QueryView>
      )}
    </QueryView>
  )
}

function useChoices() {
  const groups = useCall('cwpgetAllGroupMembers')
  const accounts = useCall('cwplistAccounts')
  const functions = useCall('cwpgetRestrictionTransactionFunctionNames', undefined, { staleTime: 600_000 })
  const data: Choices | undefined =
    groups.data && accounts.data && functions.data
      ? {
          groups: Object.keys(groups.data),
          sources: [
            ...new Set(accounts.data.map(({ MasterKey }) => MasterKey)),
            ...accounts.data.map(({ MasterKey, Name }) => `${MasterKey}/${Name}`),
          ],
          functions: functions.data,
        }
      : undefined
  return {
    data,
    error: groups.error ?? accounts.error ?? functions.error,
    isPending: data === undefined,
    refetch: () => [groups.refetch(), accounts.refetch(), functions.refetch()],
  }
}

function Editor(props: { kind: Kind; before: Rule | undefined; all: readonly Rule[]; choices: Choices }) {
  const { kind, before, all, choices } = props
  const [draft, setDraft] = useState(() => (before === undefined ? emptyDraft : draftOf(before)))
  const { segment, useStartRule, diff } = ruleKinds[kind]
  const startRule = useStartRule()
  const taken = before === undefined && all.some(({ RestrictionID }) => RestrictionID === draft.id)
  const problems = { ...problemsOf(draft, kind), ...(taken && { id: 'There is one with this name: change that one' }) }
  const after = Object.keys(problems).length === 0 ? ruleOf(draft, kind) : undefined
  const lines = after === undefined ? [] : diff(before, after)
  const change = after && lines.length > 0 ? { Add: after, ...(before && { Delete: before }) } : undefined
  const preview = usePreview(segment, change && withoutLimits(change))
  const start = useStart(() => startRule(change ?? {}))
  const blocked = preview.query.isError || preview.query.data?.Blocked !== undefined
  return (
    <>
      <PageTitle>{before === undefined ? 'New restriction' : `Change ${before.RestrictionID}`}</PageTitle>
      <form
        className="cn-cards"
        onSubmit={event => {
          event.preventDefault()
          if (change !== undefined && preview.current && !blocked) start.mutate()
        }}
      >
        <Section title={ruleKinds[kind].title}>
          <RuleForm
            draft={draft}
            onChange={setDraft}
            kind={kind}
            choices={choices}
            problems={problems}
            fixedId={before !== undefined}
          />
        </Section>
        <div>
          <Section title="What changes" note="In the words that approvers read.">
            {after === undefined ? (
              <Text c="dimmed">{Object.values(problems)[0]}</Text>
            ) : lines.length === 0 ? (
              <Text c="dimmed">Nothing changes yet.</Text>
            ) : (
              <DiffLines lines={lines} />
            )}
          </Section>
          {kind === 'transaction' && (
            <DryRun
              draft={after && [...all.filter(({ RestrictionID }) => RestrictionID !== before?.RestrictionID), after]}
            />
          )}
          <Section title="What happens next">
            <Stack>
              <PolicyPreview preview={preview} empty="Once something changes, you see here who must approve it." />
              {start.error && <ErrorState error={start.error} />}
              <Group justify="flex-end">
                <LinkButton to="/policies" search={{ tab: kind }} variant="default">
                  Back
                </LinkButton>
                <Button
                  type="submit"
                  loading={start.isPending}
                  disabled={change === undefined || !preview.current || blocked || preview.query.data === undefined}
                >
                  Start the change
                </Button>
              </Group>
            </Stack>
          </Section>
        </div>
      </form>
    </>
  )
}

/** The contract's start route, by which the dry run judges, has no place for limits; what the change needs is the same. */
function withoutLimits(change: { Add?: Rule; Delete?: Rule }): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(change).map(([name, rule]: [string, Rule]) => {
      const { Velocity: _, ...contract } = rule
      return [name, contract]
    }),
  )
}
