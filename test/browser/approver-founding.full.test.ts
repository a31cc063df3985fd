import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEV, type Site } from '../e2e/site.ts'
import { ALICE, BOB, button, CAROL, enter, heading, hold, isClean } from './approver-support.ts'
import { addressOf, openBrowser, openScreen, passSignIn, type Screen, startSite } from './harness.ts'

// Three founders with three browsers found a vault in mode identity, from the first sign-in to the seal.

const FOUNDERS = [ALICE, BOB, CAROL] as const
let site: Site
let browser: Browser
let origin: string
const screens = new Map<string, Screen>()
const screenOf = (founder: string): Screen => screens.get(founder) ?? expect.fail(founder)

beforeAll(async () => {
  ;[site, browser] = await Promise.all([startSite('founding', { founding: 'identity' }), openBrowser()])
  origin = addressOf(site, 'approver')
  const Users = FOUNDERS.map(ID => ({ ID, Name: ID.replace(/@.*/, '') }))
  await site.admin.ok('setupDefaultTenant', {
    body: {
      Users,
      Group: 'owner',
      ApprovalsRequired: 2,
      MasterKeysAndAccounts: { main: ['treasury'] },
      Assets: { CAIP2s: [DEV] },
    },
  })
})
afterAll(async () => {
  await browser?.close()
  await site?.end()
})

describe('founders', () => {
  it('each make a key that their own sign-in vouches for', async () => {
    const { VaultID } = await site.admin.ok('trivaultPins')
    const link = `${origin}/pair#vault=${Buffer.from(VaultID, 'hex').toString('base64url')}`
    for (const founder of FOUNDERS) {
      const screen = await openScreen(browser)
      screens.set(founder, screen)
      await enter(screen, site, link, founder)
      await button(screen.page, 'This is my vault').click()
      await button(screen.page, 'Make the key and confirm it').click()
      await passSignIn(screen.page, site, founder)
      await heading(screen.page, 'Inbox').waitFor({ timeout: 20_000 })
      await isClean(screen)
    }
    const devices = await site.admin.ok('trivaultDevices')
    expect(devices.map(({ Channel, VouchedAt }) => [Channel, VouchedAt !== undefined])).toEqual(
      FOUNDERS.map(() => ['app', true]),
    )
  })

  it('compare the same six words of everybody, and seal the vault together', async () => {
    const { page } = screenOf(CAROL)
    const words = new Set<string>()
    for (const founder of FOUNDERS) {
      const other = screenOf(founder).page
      await other.getByRole('link', { name: 'Vault', exact: true }).first().click()
      await button(other, 'We compared them: start the seal').waitFor({ timeout: 20_000 })
      const lists = await other.getByRole('list', { name: /^In words/ }).all()
      words.add((await Promise.all(lists.map(list => list.getAttribute('aria-label')))).join('; '))
    }
    expect(words.size).toBe(1)
    expect([...words][0]?.split('; ')).toHaveLength(4)
    await button(page, 'We compared them: start the seal').click()
    for (const founder of FOUNDERS) {
      expect(await site.admin.ok('trivaultNodes')).toMatchObject({ Sealed: false })
      const other = screenOf(founder).page
      await other.getByRole('link', { name: 'Inbox' }).first().click()
      await other.getByRole('link', { name: /Seal the vault/ }).click({ timeout: 20_000 })
      await other.getByText('Compare every line with every other founder').waitFor()
      await hold(other, 'Hold to approve')
      await other.getByText(new RegExp(`^${founder},`)).waitFor()
    }
    await page.getByText('Succeeded', { exact: true }).waitFor({ timeout: 20_000 })
    expect(await site.admin.ok('trivaultNodes')).toMatchObject({ Sealed: true })
  })
})
