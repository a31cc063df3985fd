import { ApiError } from '@trivault/client'

/** What happened and what to do, for people. */
export interface Explained {
  title: string
  remedy: string
}

/** Did the server answer, so that asking again gives the same? */
export const isAnswer = (error: unknown): boolean =>
  error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429

/** Is it only that the sign-in is over? The notice on top of the page says so. */
export const isExpired = (error: unknown): boolean => error instanceof Error && Reflect.get(error, 'status') === 401

/** Errors of other packages may carry a `remedy`. */
export function explainError(error: unknown): Explained {
  if (error instanceof ApiError) return explainApi(error)
  const remedy = error instanceof Error ? Reflect.get(error, 'remedy') : undefined
  const title =
    error instanceof Error && error.message !== '' ? sentence(error.message) : 'Something unexpected failed.'
  return {
    title,
    remedy: typeof remedy === 'string' ? sentence(remedy) : 'Try again; if it happens again, reload the page.',
  }
}

function explainApi({ status, code, message }: ApiError): Explained {
  if (code === 'network')
    return {
      title: 'The vault cannot be reached.',
      remedy: 'Check your connection. The page goes on by itself when it is back.',
    }
  if (code === 'timeout') return { title: 'The vault did not answer in time.', remedy: 'Try again in a moment.' }
  if (status === 401) return { title: 'Your sign-in has expired.', remedy: 'Sign in again; nothing is lost.' }
  if (status === 403) return { title: sentence(message), remedy: 'Ask an owner of the vault if you need this.' }
  if (status === 404)
    return { title: sentence(message), remedy: 'It may have ended or been removed: go back to the list.' }
  if (status === 429) return { title: 'Too many requests.', remedy: 'Wait a minute, then try again.' }
  if (status >= 500)
    return { title: sentence(message), remedy: 'Try again; if it stays, tell the people who run the vault.' }
  return { title: sentence(message), remedy: 'Correct it and try again.' }
}

function sentence(text: string): string {
  const start = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(start) ? start : `${start}.`
}
