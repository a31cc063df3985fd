import type { Intent } from '@trivault/api-contract'
import { parseExact } from '@trivault/api-contract'
import { describeChange, type RuleKind } from '@trivault/policy'
import { Sentence } from '@trivault/ui'

type Rule = NonNullable<Parameters<typeof describeChange>[0]>

const kinds: Readonly<Record<string, RuleKind>> = {
  'update transaction restriction': 'transaction',
  'update config restriction': 'configuration',
  'update policy restriction': 'policy',
}

/** What an intent changes in the rules, in the words that approvers read. */
export function IntentDiff({ intent }: { intent: Intent }) {
  const kind = kinds[intent.OperationType] ?? 'transaction'
  const { Add, Delete } = parseExact(JSON.stringify(intent)) as { Add?: Rule; Delete?: Rule }
  const lines =
    Add?.RestrictionID === Delete?.RestrictionID
      ? describeChange(Delete, Add, kind)
      : [...describeChange(Delete, undefined, kind), ...describeChange(undefined, Add, kind)]
  return <DiffLines lines={lines} />
}

/** Lines of a difference; what is added and what is taken away are marked by sign and by colour. */
export function DiffLines({ lines }: { lines: readonly string[] }) {
  return (
    <ul className="cn-lines" aria-label="What changes">
      {lines.map(line => (
        <li key={line} data-sign={/^[+-] /.exec(line)?.[0].trim()}>
          <Sentence text={line} />
        </li>
      ))}
    </ul>
  )
}
