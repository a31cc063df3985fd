import { Sentence } from '@trivault/ui'
import type { ReactNode } from 'react'

/** Terms with their values, side by side or stacked on a narrow screen. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="ap-facts">{children}</dl>
}

export function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </>
  )
}

/** Lines of a description; those of a change are marked at their side, too. */
export function Lines({ lines }: { lines: readonly string[] }) {
  return (
    <ul className="ap-lines">
      {lines.map((line, i) => (
        <li
          // biome-ignore lint/suspicious/noArrayIndexKey: lines may repeat and never move
          key={`${i} ${line}`}
          data-change={line.startsWith('+ ') ? 'plus' : line.startsWith('- ') ? 'minus' : undefined}
        >
          <Sentence text={line} />
        </li>
      ))}
    </ul>
  )
}
