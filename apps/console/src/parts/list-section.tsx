import { QueryView } from '@trivault/ui'
import type { ComponentProps, ReactNode } from 'react'
import { Section } from './section.tsx'

type QueryOf<T> = ComponentProps<typeof QueryView<T>>['query']

/** A section that shows a list once it is read; `empty` says why there is nothing in it. */
export function ListSection<T>(props: {
  title: string
  note?: string
  actions?: ReactNode
  query: QueryOf<readonly T[]>
  /** What is under way until then. */
  what: string
  empty: ReactNode
  children: (list: readonly T[]) => ReactNode
}) {
  const { query, what, empty, children, ...section } = props
  return (
    <Section {...section}>
      <QueryView query={query} what={what}>
        {list => (list.length === 0 ? empty : children(list))}
      </QueryView>
    </Section>
  )
}
