import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { vaultIdOf } from '@trivault/protocol'
import { pairingLink } from '@trivault/web-config'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { buildFrontends } from '../../apps/local/src/frontend/build.ts'
import { pinsOf } from '../../apps/local/src/provision.ts'
import { Site } from '../e2e/site.ts'

// A closed network: Chromium must not look for its maker's hosts.
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS })
}

/** A vault with the sample tenant and both web apps, built from the sources as they are now. */
export async function startSite(name: string, options: Parameters<typeof Site.start>[1] = {}): Promise<Site> {
  await buildFrontends(() => undefined)
  return Site.start(name, { ...options, frontends: true })
}

export type Screen = {
  readonly page: Page
  readonly context: BrowserContext
  /** Errors of the console, uncaught errors and failed requests so far, one line each. */
  readonly problems: readonly string[]
}

/** A person's own browser: nothing is shared with another one. */
export async function openScreen(
  browser: Browser,
  options: { width?: number; height?: number; dark?: boolean } = {},
): Promise<Screen> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1_440, height: options.height ?? 900 },
    colorScheme: options.dark ? 'dark' : 'light',
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', message => {
    if (message.type() === 'error') problems.push(`console: ${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', error => problems.push(`uncaught: ${error.message}`))
  page.on('requestfailed', request => {
    const reason = request.failure()?.errorText ?? ''
    // A page that is left ends its own requests.
    if (reason !== 'net::ERR_ABORTED') problems.push(`request: ${request.url()} ${reason}`)
  })
  return { page, context, problems }
}

/** The address of a web app of the vault. */
export function addressOf(site: Site, app: 'console' | 'approver'): string {
  const address = site.vault.endpoints[app]
  if (address === null) throw new Error(`the vault serves no ${app}`)
  return address
}

/** The link of the start's table that names the vault. */
export function pairingLinkOf(site: Site): string {
  const pins = pinsOf(site.vault.home)
  if (pins === undefined) throw new Error('the vault is not founded yet')
  return pairingLink(addressOf(site, 'approver'), vaultIdOf(pins))
}

/** Fills in the local identity provider's form, which is open now, and waits for the way back. */
export async function passSignIn(page: Page, site: Site, user: string): Promise<void> {
  const { users, oidc } = site.vault.endpoints
  const password = users.find(({ id }) => id === user)?.password ?? ''
  await page.waitForURL(url => url.origin === oidc)
  await page.fill('input[name=username]', user)
  await page.fill('input[name=password]', password)
  await page.click('button[type=submit]')
  await page.waitForURL(url => url.origin !== oidc && url.pathname !== '/callback')
}

type Violation = { id: string; impact: string | null; help: string; nodes: { target: string[]; html: string }[] }

/** Serious and critical findings of axe on the page as it is now, one line each; by all its rules, or by those named. */
export async function accessibilityFindings(page: Page, rules?: readonly string[]): Promise<string[]> {
  // The page's own policy forbids scripts from elsewhere; the debugger's evaluation is not subject to it.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource())
  const violations = await page.evaluate(
    async runOnly => {
      const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<{ violations: Violation[] }> } }
      return (await axe.run(runOnly ? { runOnly } : {})).violations
    },
    rules && [...rules],
  )
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help} at ${nodes.map(node => `${node.target} ${node.html}`).join(' | ')}`)
}

let source: string | undefined
function axeSource(): string {
  source ??= readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  return source
}
