import { EmptyState, PageTitle } from '@trivault/ui'
import { useMe } from '../me.tsx'

/** In place of a page that only changes things, for somebody who may not. */
export function NoRight({ title, what }: { title: string; what: string }) {
  const { role } = useMe()
  return (
    <>
      <PageTitle>{title}</PageTitle>
      <EmptyState title={`You may look, not ${what}`}>Your role here is {role}. Ask an owner of the vault.</EmptyState>
    </>
  )
}
