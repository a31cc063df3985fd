import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEV, type Person, RECIPIENT, type Site } from '../e2e/site.ts'
import { firstLoad, trivault, turnTo } from './console-steps.ts'
import {
  accessibilityFindings,
  addressOf,
  openBrowser,
  openScreen,
  passSignIn,
  type Screen,
  startSite,
} from './harness.ts'

// The console in a real browser against a real vault: one vault for all, one screen for most, in the order of a first day.

const [ALICE, BOB, CAROL] = ['alice@example.com', 'bob@example.com', 'carol@example.com'] as const
const FIRST_LOAD_BAR = 300 * 1024
const INTERACTIVE_BAR_MS = 2_000

let site: Site
let browser: Browser
let screen: Screen
let page: Page
let origin: string
let alice: Person
let bob: Person

beforeAll(async () => {
  ;[site, browser] = await Promise.all([startSite('console'), openBrowser()])
  origin = addressOf(site, 'console')
  screen = await openScreen(browser)
  page = screen.page
  page.setDefaultTimeout(10_000)
  ;[alice, bob] = await Promise.all([site.person(ALICE), site.person(BOB)])
})
afterAll(async () => {
  await browser?.close()
  await site?.end()
})

const heading = (name: string | RegExp, on = page) => on.getByRole('heading', { level: 1, name })
const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' })
const see = (text: string | RegExp) => page.getByText(text).first().waitFor()

async function open(path: string, on = page): Promise<void> {
  await on.goto(origin + path)
  await heading(/./, on).waitFor()
}

/** The operation whose page a change has led to. */
async function started(): Promise<string> {
  await page.waitForURL(/\/operations\/[^/]+$/)
  return new URL(page.url()).pathname.split('/').at(-1) ?? ''
}

async function bothApprove(operation: string): Promise<void> {
  await site.status(operation, 'Pending confirmation', 'Pending approval')
  await alice.approve(operation)
  await site.status(operation, 'Pending approval')
  await bob.approve(operation)
  await site.succeeded(operation)
}

describe('the console', () => {
  it('is small, there at once, and shows nothing before the sign-in', async () => {
    await page.goto(origin)
    await button('Sign in').waitFor()
    expect(await page.getByRole('navigation').count()).toBe(0)
    await button('Sign in').click()
    await passSignIn(page, site, ALICE)
    await heading('Welcome, Alice').waitFor()
    let load = await firstLoad(browser, origin)
    // What else runs on this machine must not count: the best of three.
    for (let tries = 1; load.ready > INTERACTIVE_BAR_MS && tries < 3; tries++) load = await firstLoad(browser, origin)
    console.log(
      `console: first load ${Math.round(load.bytes / 1024)} KiB gzip, interactive in ${Math.round(load.ready)} ms`,
    )
    expect(load.bytes).toBeGreaterThan(50 * 1024)
    expect(load.bytes).toBeLessThan(FIRST_LOAD_BAR)
    expect(load.ready).toBeLessThan(INTERACTIVE_BAR_MS)
  })

  it('shows the first steps by the state of the vault', async () => {
    await heading('Welcome, Alice').waitFor()
    await see('Owners paired: 3 of 3')
    await see('5 of 6')
    const todo = page.getByRole('listitem').filter({ has: page.getByLabel('To do') })
    expect(await todo.allTextContents()).toEqual([expect.stringContaining('Backup taken out of the vault')])
  })

  it('makes an account that needs nobody, and its deposit address', async () => {
    await page.getByRole('link', { name: 'Accounts' }).first().click()
    await button('New account').click()
    await page.getByLabel('Name', { exact: true }).fill('cold storage')
    await see('Needs no approval')
    await button('Start').click()
    await site.succeeded(await started())
    await see('Done: the change is in force')
    await page.getByRole('link', { name: 'Accounts' }).first().click()
    await page.getByRole('link', { name: 'cold storage' }).click()
    await page.getByRole('img', { name: /QR code of the address of cold storage/ }).waitFor()
    const { Address } = await site.admin.ok('cwpgetAddressCAIP2', {
      body: { MasterKey: 'main', Account: 'cold storage', CAIP2: DEV },
    })
    expect(await page.getByText(Address, { exact: true }).count()).toBe(1)
  })

  it('tries a restriction, tells what it changes, and has the owners approve it', async () => {
    await page.getByRole('link', { name: 'Policies' }).first().click()
    await page.getByRole('link', { name: 'New restriction' }).click()
    await page.getByLabel('Name of the restriction').fill('two owners')
    await page.getByLabel('Approvals').fill('2')
    await page.getByRole('checkbox', { name: 'owner', exact: true }).check()
    await page.getByLabel('Amount above').fill('0.1')
    await page.getByLabel('in', { exact: true }).first().fill('ETH')
    const diff = page.getByRole('list', { name: 'What changes' })
    expect(await diff.allTextContents()).toEqual([
      expect.stringMatching(/A NEW rule.*amount above 0\.1 ETH.*needs 2 approvals from owner/s),
    ])
    await page.getByLabel('Amount to try').fill('0.25')
    await page.getByLabel('To address').fill(RECIPIENT)
    const trial = page.getByRole('region', { name: 'Try it' })
    await trial.getByText('Your own approval is enough.').waitFor()
    await trial.getByText('Needs 2 approvals from owner').waitFor()
    await trial.getByText('You cannot approve this alone.').waitFor()
    await button('Start the change').click()
    const operation = await started()
    await see('Waits for approval')
    await bothApprove(operation)
    await see('Done: the change is in force')
    await open('/policies')
    await page.getByRole('region', { name: 'two owners' }).getByText('needs 2 approvals from owner').waitFor()
    await page.getByRole('link', { name: 'Change two owners' }).click()
    await page.getByLabel('Amount above').fill('0.2')
    expect((await diff.getByRole('listitem').allTextContents()).map(line => line.slice(0, 1))).toEqual(['R', '-', '+'])
  })

  it('starts a transfer that says who must approve, and shows each step until the chain has it', async () => {
    await open('/accounts/1')
    await page.getByRole('link', { name: 'Transfer from here' }).click()
    await page.getByLabel('Amount', { exact: true }).fill('0.25')
    await page.getByLabel('Receiving address').fill(RECIPIENT)
    await see('You cannot approve this alone.')
    await see('Needs 2 approvals from owner')
    await see('Restrictions that apply: two owners')
    const fee = page.getByRole('definition').filter({ hasText: / ETH$/ })
    const standard = Number.parseFloat((await fee.textContent()) ?? '')
    await page.getByText('Higher', { exact: true }).click()
    await expect
      .poll(async () => Number.parseFloat((await fee.textContent()) ?? '') / standard, { timeout: 5_000 })
      .toBe(2)
    await button('Start the transfer').click()
    const operation = await started()
    await see('Can approve now: alice@example.com')
    await trivault(site, 'approver', 'approve', operation, '--as', ALICE, '--yes')
    await see('Approved by alice@example.com on their device')
    await see('Can approve now: bob@example.com, carol@example.com')
    await trivault(site, 'approver', 'approve', operation, '--as', BOB, '--yes')
    await see('Signed by the three nodes together')
    await see(/Confirmed by the chain|The chain took it/)
    const steps = await page.getByRole('list', { name: 'Steps' }).getByRole('listitem').allTextContents()
    expect(steps.map(step => /^(?:Started|Approved|Judged|Signed)/.exec(step)?.[0])).toEqual(
      expect.arrayContaining(['Started', 'Approved', 'Judged', 'Signed']),
    )
    expect(steps.filter(step => step.startsWith('Approved'))).toHaveLength(2)
    await see('Transaction hash')
    const [receipt] = await Promise.all([page.waitForEvent('download'), button('Download the receipt').click()])
    const file = join(site.home, 'a.receipt')
    await receipt.saveAs(file)
    expect((await trivault(site, 'receipt', 'verify', file)).stdout).toContain('Verified: all three nodes certified')
    await page.getByText('Succeeded', { exact: true }).waitFor()
  })

  it('cancels what waits, and says why an operation failed', async () => {
    const { OperationID } = await alice.api.ok('cwpstartCreateMasterKey', { body: { Name: 'spare' } })
    await site.status(OperationID, 'Pending confirmation')
    await open('/')
    await see('Your approval is asked for: 1')
    await page.getByRole('link', { name: 'create master key' }).click()
    await button('Cancel it').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel it' }).click()
    await see('It failed: ')
    await see(/M0182/)
    await see('Ended without success')
  })

  it('hands out the audit log', async () => {
    await open('/audit')
    const [zip] = await Promise.all([page.waitForEvent('download'), button('Download').click()])
    expect(zip.suggestedFilename()).toMatch(/^audit .*\.zip$/)
    await see('Saved.')
    expect(await page.getByRole('cell', { name: 'signed', exact: true }).count()).toBeGreaterThan(0)
  })

  it('shows the health of the nodes, and real signing times', async () => {
    await open('/nodes')
    for (const node of [0, 1, 2]) {
      const card = page.getByRole('region', { name: `Node ${node}` })
      for (const fact of ['voting', '0.1.0', 'Last signature']) await card.getByText(fact, { exact: true }).waitFor()
      expect(await card.getByText('none since its start').count()).toBe(0)
    }
    await page.getByRole('img', { name: /signatures took, 1 in all/ }).waitFor()
    await page.getByRole('img', { name: /^Plot of \d+ operations/ }).waitFor()
  })

  const paths = [
    ...['/', '/accounts', '/accounts/1', '/transfer', '/operations?show=all', '/policies', '/policies?tab=settings'],
    ...[
      '/policies?tab=rates',
      '/policies/edit',
      '/people',
      '/people?tab=groups',
      '/people?tab=devices',
      '/people?tab=keys',
    ],
    ...['/assets', '/audit', '/nodes', '/nowhere'],
  ]

  it('has no error, no serious finding of axe and nothing cut off on any page, wide or narrow, light or dark', async () => {
    // The same elements stand on a narrow page: there only what colours and width can change is looked at again.
    for (const [width, dark, rules] of [
      [1440, false, undefined],
      [360, true, ['color-contrast', 'target-size', 'scrollable-region-focusable']],
    ] as const) {
      // High enough that no row lies half under the bars.
      await page.setViewportSize({ width, height: 6_000 })
      await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' })
      for (const path of paths) {
        await turnTo(page, path)
        expect([path, width, await accessibilityFindings(page, rules)]).toEqual([path, width, []])
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
        expect([path, width, Math.max(0, beyond)]).toEqual([path, width, 0])
      }
    }
    expect(screen.problems).toEqual([])
  })

  it('shows no control that changes anything to somebody who only looks', async () => {
    await alice.api.ok('cwpcreateGroup', { body: { Name: 'viewer' } })
    const change = { AddUsers: [CAROL], RemoveUsers: [] }
    for (const body of [
      { Group: 'owner', AddUsers: [], RemoveUsers: [CAROL] },
      { Group: 'viewer', ...change },
    ])
      await bothApprove((await alice.api.ok('cwpstartUpdateGroup', { body })).OperationID)
    const viewer = await openScreen(browser)
    await viewer.page.goto(origin)
    await viewer.page.getByRole('button', { name: 'Sign in' }).click()
    await passSignIn(viewer.page, site, CAROL)
    const shown = new Set<string>()
    for (const path of paths) {
      await turnTo(viewer.page, path)
      const names = await viewer.page
        .getByRole('main')
        .getByRole('button')
        // The title of an operation is a link to it, and says what the operation does.
        .or(viewer.page.getByRole('main').locator('a:not([href^="/operations/"])'))
        .allTextContents()
      for (const name of names) shown.add(name.trim())
    }
    const changing =
      /^(?:New|Start|Register|Change|Remove|Delete|Unregister|Cancel|Make|Set|Transfer|Lost|Refresh|Backup|Rename)/
    expect([...shown].filter(name => changing.test(name))).toEqual([])
    expect(viewer.problems).toEqual([])
    await viewer.context.close()
  })

  it('tells of a freeze at once, and how the owners end it', async () => {
    await page.setViewportSize({ width: 1440, height: 900 })
    await open('/')
    await trivault(site, 'hold', 'freeze', '--as', ALICE)
    await see('The vault is frozen: nothing is signed')
    await page.getByRole('alert').getByRole('link', { name: 'Settings' }).click()
    await button('End the freeze').click()
    await page.getByRole('dialog').getByText('Needs 2 approvals from owner').waitFor()
    await button('Start ending it').click()
    await bothApprove(await started())
    await page.getByText('The vault is frozen').waitFor({ state: 'detached' })
  })

  it('says when the session has expired, and goes on where it was', async () => {
    await open('/people?tab=groups')
    await page.evaluate(() => {
      for (const [key, value] of Object.entries(sessionStorage)) {
        const user: { access_token?: string } = value.startsWith('{') ? JSON.parse(value) : {}
        if (user.access_token) sessionStorage.setItem(key, JSON.stringify({ ...user, access_token: 'no longer good' }))
      }
    })
    await page.reload()
    await see('Your sign-in has expired')
    await button('Sign in again').first().click()
    await page.getByRole('region', { name: 'Groups' }).getByText(BOB).waitFor()
    expect(new URL(page.url()).search).toBe('?tab=groups')
  })
})
