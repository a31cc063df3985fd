import { Text } from '@mantine/core'
import {
  IconCheck,
  IconClock,
  IconDots,
  IconPencil,
  IconPlayerPlay,
  IconSend,
  IconSignature,
  IconX,
} from '@tabler/icons-react'
import type { ResponseOf } from '@trivault/api-contract'
import { Digest, Time } from '@trivault/ui'
import type { ReactNode } from 'react'

type Timeline = ResponseOf<'trivaultOperationTimeline'>
type Step = Timeline['Steps'][number]

type Look = {
  readonly icon: ReactNode
  readonly tone?: 'good' | 'bad'
  readonly words: (by: string | undefined) => string
}

const looks: Readonly<Record<string, Look>> = {
  received: {
    icon: <IconPencil size={14} />,
    words: by => `Received${by ? ` from ${by}` : ''}; waits for all three nodes`,
  },
  started: {
    icon: <IconPlayerPlay size={14} />,
    words: by => `Started${by ? ` by ${by}` : ''}, certified by all three nodes`,
  },
  approved: {
    icon: <IconCheck size={14} />,
    tone: 'good',
    words: by => `Approved by ${by ?? 'somebody'} on their device`,
  },
  rejected: { icon: <IconX size={14} />, tone: 'bad', words: by => `Rejected by ${by ?? 'somebody'}` },
  executed: { icon: <IconCheck size={14} />, words: () => 'Judged by all three nodes: it may be signed' },
  signed: { icon: <IconSignature size={14} />, tone: 'good', words: () => 'Signed by the three nodes together' },
  done: { icon: <IconCheck size={14} />, tone: 'good', words: () => 'Done: the change is in force' },
  failed: { icon: <IconX size={14} />, tone: 'bad', words: () => 'Ended without success' },
  'handing over': { icon: <IconSend size={14} />, words: () => 'Handed to the chain, which has not taken it yet' },
  sent: { icon: <IconSend size={14} />, words: () => 'The chain took it; not confirmed yet' },
  confirmed: { icon: <IconCheck size={14} />, tone: 'good', words: () => 'Confirmed by the chain' },
  'refused by the chain': {
    icon: <IconX size={14} />,
    tone: 'bad',
    words: () => 'The chain refused it; it is signed and may still land',
  },
}

/** Every step so far in order, then what is awaited. */
export function TimelineView({ timeline, awaited }: { timeline: Timeline; awaited: ReactNode }) {
  return (
    <ol className="cn-steps" aria-label="Steps">
      {timeline.Steps.map((step, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: steps are only ever added at the end of their kind
        <StepView key={`${step.Kind} ${i}`} step={step} />
      ))}
      {awaited !== undefined && (
        <li>
          <span className="cn-dot" data-tone="open" aria-hidden>
            <IconClock size={14} />
          </span>
          {awaited}
        </li>
      )}
    </ol>
  )
}

function StepView({ step: { Kind, At, By, Part, Parts, Note } }: { step: Step }) {
  // A later release may know more kinds of steps.
  const { icon, tone, words }: Look = looks[Kind] ?? { icon: <IconDots size={14} />, words: () => Kind }
  const isHash = Note !== undefined && /^0x[0-9a-f]{64}$/.test(Note)
  return (
    <li>
      <span className="cn-dot" data-tone={tone} aria-hidden>
        {icon}
      </span>
      <Text fw={600}>
        {words(By)}
        {Parts !== undefined && ` (transaction ${(Part ?? 0) + 1} of ${Parts})`}
      </Text>
      {At !== undefined && (
        <Text size="sm" c="dimmed" component="div">
          <Time at={At} />
        </Text>
      )}
      {Note !== undefined && (isHash ? <Digest value={Note} label="Copy the hash" /> : <Text size="sm">{Note}</Text>)}
    </li>
  )
}
