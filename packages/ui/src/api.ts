import { ApiError, type Client, createClient } from '@trivault/client'
import type { Session } from './session.ts'

/** The typed API client with the session's token; a 401 ends the session. */
export function createApi(apiUrl: string, session: Session): Client {
  const client = createClient({ baseUrl: apiUrl, bearer: () => session.token() })
  return {
    ...client,
    call: async (operationId, ...input) => watch(session, client.call(operationId, ...input)),
    callExact: async (operationId, input) => watch(session, client.callExact(operationId, input)),
    start: async (segment, body) => watch(session, client.start(segment, body)),
  }
}

async function watch<T>(session: Session, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) session.expire()
    throw error
  }
}
