import { Link } from '@tanstack/react-router'
import { EmptyState } from '@trivault/ui'

export function NotFound() {
  return (
    <EmptyState title="There is no such page" action={<Link to="/">Go to the inbox</Link>}>
      The address may be mistyped or old.
    </EmptyState>
  )
}
