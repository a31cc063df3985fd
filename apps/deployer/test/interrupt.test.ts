import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { Workplace } from './run.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const identity = `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111111111111</Account><UserId>AIDA</UserId>
<Arn>arn:aws:iam::111111111111:user/admin</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`

/** Runs a command that AWS answers `answered` times, and then no more; and presses Ctrl-C. */
async function interrupted(command: string, answered: number) {
  const place = new Workplace('recommended')
  await place.run(['generate-customer-assets'])
  mkdirSync(place.path('tmp'))
  let answers = 0
  const silent = createServer((_request, response) => {
    if (++answers <= answered) response.setHeader('content-type', 'text/xml').end(identity)
    else silent.emit('waiting')
  }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const child = spawn(process.execPath, [MAIN, command], {
    cwd: place.cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env.PATH,
      ...place.variables,
      TMPDIR: place.path('tmp'),
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    },
  })
  let said = ''
  child.stderr.on('data', part => {
    said += part
  })
  await once(silent, 'waiting')
  const before = readdirSync(place.path('tmp'))
  const pressed = performance.now()
  child.kill('SIGINT')
  const [code] = (await once(child, 'exit')) as [number | null]
  const seconds = (performance.now() - pressed) / 1000
  silent.closeAllConnections()
  silent.close()
  const after = readdirSync(place.path('tmp'))
  place.remove()
  return { code, said, seconds, before, after }
}

it('Ctrl-C ends a command that waits for AWS, with exit code 130', async () => {
  const { code, said, seconds } = await interrupted('whoami', 0)
  expect([code, said]).toEqual([130, expect.stringContaining('it goes on where it stopped')])
  expect(seconds).toBeLessThan(3)
})

it('Ctrl-C in a deployment leaves no templates behind', async () => {
  const { code, before, after } = await interrupted('deploy-baseline', 1)
  expect([code, before]).toEqual([130, [expect.stringMatching(/^trivault-/)]])
  expect(after).toEqual([])
})
