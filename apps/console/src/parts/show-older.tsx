import { Button } from '@mantine/core'

/** Under a list that is read page by page: the next page, while there is one. */
export function ShowOlder({ query }: { query: OlderPages }) {
  if (!query.hasNextPage) return null
  return (
    <Button mt="md" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
      Show older ones
    </Button>
  )
}

interface OlderPages {
  readonly hasNextPage: boolean
  readonly isFetchingNextPage: boolean
  readonly fetchNextPage: () => Promise<unknown>
}
