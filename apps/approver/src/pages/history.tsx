import { EmptyState, PageTitle, QueryView } from '@trivault/ui'
import { useHistory } from '../device-context.tsx'
import { ItemList } from '../parts/item-list.tsx'

export function HistoryPage() {
  const history = useHistory()
  return (
    <>
      <PageTitle>History</PageTitle>
      <QueryView query={history} what="Reading the history from the certified log">
        {items =>
          items.length === 0 ? (
            <EmptyState title="Nothing has ended yet">
              What was approved, rejected or expired is listed here.
            </EmptyState>
          ) : (
            <ItemList items={items} when="ended" />
          )
        }
      </QueryView>
    </>
  )
}
