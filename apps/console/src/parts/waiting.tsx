import { Link } from '@tanstack/react-router'
import { EmptyState, QueryView } from '@trivault/ui'
import { useCall } from '../calls.ts'
import { OperationTable } from '../pages/operations.tsx'
import { Section } from './section.tsx'

/** Operations that have not ended. */
export function Waiting() {
  const query = useCall('cwpsearchOperationInfos', { body: { Pagination: { Size: 10 } } })
  return (
    <Section
      title="Under way"
      actions={
        <Link className="cn-link" to="/operations">
          All operations
        </Link>
      }
    >
      <QueryView query={query} what="Reading operations">
        {({ Infos }) =>
          Infos.length === 0 ? <EmptyState title="Nothing waits for anybody" /> : <OperationTable rows={Infos} />
        }
      </QueryView>
    </Section>
  )
}
