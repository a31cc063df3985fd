import { createClient } from '@trivault/client'
import { Device } from './device.ts'
import { type Answer, failureOf, type Request } from './remote.ts'
import { openStore } from './store.ts'

// The key, the log and the decoder live here; the page only shows what comes out. The API's address is this worker's name.
const answer = (message: Answer): void => self.postMessage(message)
let token = ''
const client = createClient({ baseUrl: self.name, bearer: () => token })
const device = openStore().then(store => new Device(store, client, progress => answer({ progress })))

async function run({ method, args }: Request): Promise<unknown> {
  const called = (await device)[method] as (this: Device, ...args: unknown[]) => Promise<unknown>
  return called.apply(await device, [...args])
}

self.addEventListener('message', ({ data }: MessageEvent<Request>) => {
  token = data.token
  run(data).then(
    value => answer({ id: data.id, value }),
    error => answer({ id: data.id, failure: failureOf(error) }),
  )
})
