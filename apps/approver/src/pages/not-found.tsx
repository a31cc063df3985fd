import { Link } from '@tanstack/react-router'
import { EmptyState, PageTitle } from '@trivault/ui'

export function NotFound() {
  return (
    <>
      <PageTitle>Not found</PageTitle>
      <EmptyState title="There is no such page" action={<Link to="/">Go to the inbox</Link>}>
        The address may be mistyped, or from an older release.
      </EmptyState>
    </>
  )
}
