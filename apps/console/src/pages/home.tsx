import { PageTitle } from '@trivault/ui'
import { useMe } from '../me.tsx'
import { Checklist } from '../parts/checklist.tsx'
import { Waiting } from '../parts/waiting.tsx'

/** Where things stand: set-up, what waits, what is held. */
export function Home() {
  const me = useMe()
  return (
    <>
      <PageTitle>Welcome, {me.name}</PageTitle>
      <Checklist />
      <Waiting />
    </>
  )
}
