import { EmptyState, PageTitle } from '@trivault/ui'
import { LinkButton } from './parts/link-button.tsx'

export function NotFound() {
  return (
    <>
      <PageTitle>Not found</PageTitle>
      <EmptyState title="There is no such page" action={<LinkButton to="/">Go home</LinkButton>}>
        The address may be mistyped, or from an older release.
      </EmptyState>
    </>
  )
}
