import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EnvConfig } from '@trivault/web-config'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWeb } from './web.ts'

const env: EnvConfig = {
  API_URL: 'http://127.0.0.1:1000',
  ISSUER: 'http://127.0.0.1:1001',
  AUDIENCE: 'urn:trivault:wallet',
  CLIENT_ID_SPA: 'console',
  CLIENT_ID_NATIVE: 'approver',
  ENVIRONMENT: 'local',
  TESTNET: true,
  CONSOLE_URL: 'http://127.0.0.1:1002',
  APPROVER_URL: 'http://127.0.0.1:1003',
}
const directory = mkdtempSync(join(tmpdir(), 'trivault-web-'))
let server: Server
let base = ''

beforeAll(async () => {
  const web = createWeb({ app: 'approver', directory }, env)
  server = createServer((request, response) => void web(request, response))
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  rmSync(directory, { recursive: true, force: true })
})

describe('a served web app', () => {
  it('is said to be missing before it is built', async () => {
    const { status } = await fetch(`${base}/`)
    expect(status).toBe(404)
  })

  it('has one page for every path, with the strict headers, and files that never change kept for ever', async () => {
    mkdirSync(join(directory, 'assets'))
    writeFileSync(join(directory, 'index.html'), '<!doctype html><title>App</title>')
    writeFileSync(join(directory, 'assets/index-abc.js'), 'export {}')
    for (const path of ['/', '/operations/7', '/callback?code=1']) {
      const page = await fetch(base + path)
      expect([page.status, await page.text()]).toEqual([200, '<!doctype html><title>App</title>'])
      expect(page.headers.get('content-security-policy')).toContain("script-src 'self'")
      expect(page.headers.get('cache-control')).toBe('no-cache')
    }
    const asset = await fetch(`${base}/assets/index-abc.js`)
    expect(asset.headers.get('cache-control')).toContain('immutable')
  })

  it('brings the settings of this vault and nothing outside its directory', async () => {
    const script = await fetch(`${base}/env-config.js`)
    expect(script.headers.get('content-type')).toContain('javascript')
    expect(await script.text()).toContain('"API_URL": "http://127.0.0.1:1000"')
    const outside = await fetch(`${base}/..%2f..%2fetc%2fpasswd`)
    expect(await outside.text()).not.toContain('root:')
    expect((await fetch(`${base}/absent.js`)).status).toBe(404)
  })
})
