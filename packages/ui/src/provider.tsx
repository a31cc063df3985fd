import './mantine.css'
import './ui.css'
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { isAnswer } from './errors.ts'
import { theme } from './theme.ts'

/** Theme, colour scheme and query cache around an app. An answer that says no is not asked for again. */
export function UiProvider({ children }: { children: ReactNode }) {
  const [client] = useState(
    () =>
      new QueryClient({
        defaultOptions: {
          // Without a connection a call fails and says so, rather than wait without a word.
          mutations: { networkMode: 'always' },
          queries: { networkMode: 'always', staleTime: 5_000, retry: (count, error) => count < 2 && !isAnswer(error) },
        },
      }),
  )
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={client}>{children}</QueryClientProvider>
    </MantineProvider>
  )
}
