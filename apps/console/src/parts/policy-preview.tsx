import { Alert, List, Skeleton, Stack, Text } from '@mantine/core'
import { IconCircleCheck, IconHandStop, IconUsersGroup } from '@tabler/icons-react'
import type { ExactResponseOf } from '@trivault/api-contract'
import { ErrorState } from '@trivault/ui'
import type { ReactNode } from 'react'
import { useExactCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import type { Rule } from './rule-draft.ts'
import { useSettled } from './use-settled.ts'

export type Preview = ExactResponseOf<'trivaultPolicyTest'>
export type Request = Readonly<Record<string, unknown>>

/** The dry run of a start request, with the caller's own approval supposed. Asked for again once the request has settled. */
export function usePreview(segment: string, request: Request | undefined, draft?: readonly Rule[]) {
  const me = useMe()
  const settled = useSettled({ request, draft })
  const query = useExactCall(
    'trivaultPolicyTest',
    {
      body: {
        Segment: segment,
        Request: settled.request ?? {},
        Approvers: [me.id],
        ...(settled.draft && { Restrictions: [...settled.draft] }),
      },
    },
    { enabled: settled.request !== undefined, staleTime: 2_000, keep: true },
  )
  const same = JSON.stringify(settled) === JSON.stringify({ request, draft })
  const current = same && !query.isPlaceholderData
  return { query, current, asked: settled.request !== undefined }
}

/** "Needs 2 of owner; you cannot approve alone", and what else would hold it up. */
export function PolicyPreview({ preview, empty }: { preview: ReturnType<typeof usePreview>; empty: string }) {
  const { query, current, asked } = preview
  if (!asked) return <Text c="dimmed">{empty}</Text>
  if (query.error && current) return <ErrorState error={query.error} />
  if (query.data === undefined) return <PreviewSkeleton />
  return (
    <div aria-live="polite" style={{ opacity: current ? 1 : 0.6 }}>
      <Verdict preview={query.data} />
    </div>
  )
}

const PreviewSkeleton = () => (
  <Stack gap="xs" role="status" aria-label="Asking the policy">
    <Skeleton height={14} width="70%" />
    <Skeleton height={14} width="50%" />
  </Stack>
)

/** What a dry run says. */
export function Verdict({ preview }: { preview: Preview }) {
  const { Blocked, Needs, Unmet, HeldUp, Restrictions } = preview
  if (Blocked)
    return (
      <Alert variant="light" color="red" icon={<IconHandStop size={20} />} title="The policy refuses this">
        <Text size="sm">
          {Blocked.Reason} ({Blocked.Code}). Change the request, or the restriction that it names.
        </Text>
      </Alert>
    )
  const matching = Restrictions.filter(({ Matches }) => Matches)
  return (
    <Stack gap="sm">
      <Outcome needs={Needs} unmet={Unmet} />
      {matching.length > 0 && (
        <Text size="sm" c="dimmed">
          Restrictions that apply: {matching.map(({ RestrictionID }) => RestrictionID).join(', ')}
        </Text>
      )}
      {HeldUp.map(({ Code, Reason }) => (
        <Alert key={Code + Reason} variant="light" color="yellow" title="It would be held up">
          <Text size="sm">
            {Reason} ({Code})
          </Text>
        </Alert>
      ))}
    </Stack>
  )
}

function Outcome({ needs, unmet }: { needs: readonly string[]; unmet: readonly string[] }) {
  if (needs.length === 0)
    return <Line icon={<IconCircleCheck size={20} />} title="Needs no approval: it is carried out at once." />
  const alone = unmet.length === 0
  return (
    <>
      <Line
        icon={alone ? <IconCircleCheck size={20} /> : <IconUsersGroup size={20} />}
        title={alone ? 'Your own approval is enough.' : 'You cannot approve this alone.'}
      />
      <List size="sm" spacing={4}>
        {needs.map(need => (
          <List.Item key={need}>
            Needs {need}
            {unmet.includes(need) ? '' : ' (yours is enough for this)'}
          </List.Item>
        ))}
      </List>
    </>
  )
}

function Line({ icon, title }: { icon: ReactNode; title: string }) {
  return (
    <Text fw={600} className="cn-verdict">
      {icon}
      {title}
    </Text>
  )
}
