import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EnvConfig, renderEnvConfig, securityHeaders } from '@trivault/web-config'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildFrontends, distOf } from '../../apps/local/src/frontend/build.ts'
import { button } from './approver-support.ts'
import { openBrowser, openScreen, type Screen } from './harness.ts'

// A host of the App that may do what it likes with the files. No vault: nobody gets as far as signing in.

const types: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
  json: 'application/json',
  webmanifest: 'application/manifest+json',
}

class Host {
  readonly files: string
  envText: string | undefined
  readonly #server: Server
  readonly asked: string[] = []

  constructor() {
    this.files = mkdtempSync(join(tmpdir(), 'trivault-host-'))
    cpSync(distOf('approver'), this.files, { recursive: true })
    this.#server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', this.origin)
      this.asked.push(pathname)
      const path = /\.\w+$/.test(pathname) ? pathname : '/index.html'
      try {
        const body =
          path === '/env-config.js' ? (this.envText ?? renderEnvConfig(this.env)) : readFileSync(join(this.files, path))
        const type = types[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream'
        response.writeHead(200, {
          'content-type': type,
          'cache-control': 'no-cache',
          ...securityHeaders('approver', this.env),
        })
        response.end(body)
      } catch {
        response.writeHead(404).end()
      }
    })
  }

  listen(): Promise<void> {
    return new Promise(resolve => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get env(): EnvConfig {
    const url = this.origin
    return {
      API_URL: url,
      ISSUER: url,
      AUDIENCE: 'a',
      CLIENT_ID_SPA: 'b',
      CLIENT_ID_NATIVE: 'c',
      ENVIRONMENT: 'the-test',
      TESTNET: true,
      CONSOLE_URL: url,
      APPROVER_URL: url,
    }
  }

  /** Changes a file; the list of files stays as it is signed. */
  change(path: string, edit: (text: string) => string): void {
    const file = join(this.files, path)
    writeFileSync(file, edit(readFileSync(file, 'utf8')))
  }

  /** A script other than the entry, which index.html's integrity attributes do not cover. */
  get lazyScript(): string {
    const { files } = JSON.parse(readFileSync(join(this.files, 'release.json'), 'utf8')) as {
      files: Record<string, string>
    }
    return Object.keys(files).find(path => path.startsWith('/assets/operation-')) ?? expect.fail('no lazy script')
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
    rmSync(this.files, { recursive: true, force: true })
  }
}

let browser: Browser
let host: Host
let screen: Screen
let page: Page

beforeAll(async () => {
  await buildFrontends(() => undefined)
  browser = await openBrowser()
})
afterAll(() => browser?.close())
beforeEach(async () => {
  host = new Host()
  await host.listen()
  screen = await openScreen(browser)
  page = screen.page
  page.setDefaultTimeout(10_000)
})
afterEach(async () => {
  await screen.context.close()
  host.close()
})

const stopped = () => page.getByText('This App was changed and does not start').waitFor()
const installed = async (): Promise<void> => {
  await page.goto(host.origin)
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
}

describe('a host that changes the App', () => {
  it.each<[string, (host: Host) => void]>([
    ['a script', one => one.change(one.lazyScript, text => `${text}\n//`)],
    ['the list of files', one => one.change('release.json', text => text.replace('"0.1.0"', '"0.1.1"'))],
    ['the signature', one => one.change('release.sig', text => `A${text.slice(1)}`)],
    ['the service worker', one => one.change('sw.js', text => `${text}\n//`)],
    ['the page', one => one.change('index.html', text => text.replace('</body>', '<p>more</p></body>'))],
  ])('by %s stops it at the first visit', async (_what, change) => {
    change(host)
    await page.goto(host.origin)
    await stopped()
    expect(await button(page, 'Sign in').count()).toBe(0)
  })

  it('later does not reach a device that has it: it runs on from what it took, and says so', async () => {
    await installed()
    host.change('index.html', text => text.replace('<title>', '<title>evil '))
    host.change(host.lazyScript, () => 'globalThis.evil = 1')
    host.change('sw.js', text => `${text}\n//`)
    await page.reload()
    await button(page, 'Sign in').waitFor()
    await page.getByText('An update of this App was refused').waitFor()
    expect(await page.title()).toBe('Trivault Approver')
  })

  it('cannot put code into env-config.js, which is read as data', async () => {
    await installed()
    host.envText = `${renderEnvConfig(host.env).trimEnd()}; window.evil = 1\n`
    await page.reload()
    await button(page, 'Sign in').waitFor()
    expect(await page.evaluate(() => Reflect.get(window, 'evil'))).toBeUndefined()
    host.envText = renderEnvConfig({ ...host.env, ENVIRONMENT: 'moved' })
    await page.reload()
    await page.getByText('moved').waitFor()
  })

  it('and is away: the App opens all the same', async () => {
    await installed()
    await screen.context.setOffline(true)
    await page.reload()
    await button(page, 'Sign in').waitFor()
    expect(await page.getByText('refused').count()).toBe(0)
  })
})
