import type { ClientEvent } from '@trivault/api-contract'
import { ApiError } from './error.ts'

/** Subprotocol of the event stream; the credential travels as a second one, since browsers cannot set headers. */
const protocol = 'trivault'

/** Reads a WebSocket as an async generator. Leaving the loop or aborting the signal closes the connection. */
export async function* openEvents(
  url: string,
  credential: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<ClientEvent, void> {
  signal?.throwIfAborted()
  const socket = new WebSocket(url, credential === undefined ? [protocol] : [protocol, `bearer.${credential}`])
  const queue: ClientEvent[] = []
  let ended = false
  let failure: ApiError | undefined
  let wake = () => {}
  const end = (error?: ApiError) => {
    ended = true
    failure ??= error
    wake()
  }
  socket.addEventListener('message', ({ data }) => {
    try {
      queue.push(JSON.parse(String(data)))
    } catch (cause) {
      end(new ApiError(0, 'bad-answer', 'an event is not JSON', { cause }))
    }
    wake()
  })
  socket.addEventListener('error', () => end(new ApiError(0, 'network', 'the event stream failed')))
  socket.addEventListener('close', () => end())
  const abort = () => end()
  signal?.addEventListener('abort', abort)
  try {
    for (;;) {
      for (let event = queue.shift(); event; event = queue.shift()) yield event
      if (failure) throw failure
      if (ended) return
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    socket.close()
  }
}
