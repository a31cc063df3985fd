import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { Workplace } from './run.ts'

it('Ctrl-C ends a command that waits for AWS, with exit code 130', async () => {
  const place = new Workplace('recommended')
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
  const child = spawn(process.execPath, [main, 'whoami'], {
    cwd: place.cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env.PATH,
      ...place.variables,
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    },
  })
  let said = ''
  child.stderr.on('data', part => {
    said += part
  })
  await once(silent, 'request')
  const pressed = performance.now()
  child.kill('SIGINT')
  const [code] = (await once(child, 'exit')) as [number | null]
  silent.closeAllConnections()
  silent.close()
  place.remove()
  expect([code, said]).toEqual([130, expect.stringContaining('it goes on where it stopped')])
  expect(performance.now() - pressed).toBeLessThan(3000)
})
