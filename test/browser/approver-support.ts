import type { BrowserContext, Page, Route } from 'playwright-core'
import { expect } from 'vitest'
import type { Person, Site } from '../e2e/site.ts'
import { accessibilityFindings, passSignIn, type Screen } from './harness.ts'

export const [ALICE, BOB, CAROL] = ['alice@example.com', 'bob@example.com', 'carol@example.com'] as const

export const button = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, exact: typeof name === 'string' })
export const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name })

/** Signs in on a page of the App, and comes back to it. */
export async function enter(screen: Screen, site: Site, address: string, user: string): Promise<void> {
  screen.page.setDefaultTimeout(8_000)
  await screen.page.goto(address)
  await button(screen.page, 'Sign in').click()
  await passSignIn(screen.page, site, user)
}

/** From the pairing link to the key; resolves to the six words that the person reads to the owners. */
export async function makeKey(page: Page): Promise<string[]> {
  await button(page, 'This is my vault').click()
  await button(page, 'Make the key').click()
  await heading(page, 'Wait for the owners').waitFor()
  return wordsOn(page)
}

export async function wordsOn(page: Page): Promise<string[]> {
  const label = await page.getByRole('list', { name: /^In words/ }).getAttribute('aria-label')
  return (label ?? '').replace('In words: ', '').split(' ')
}

/** Holds a button as long as it asks for. */
export async function hold(page: Page, name: string): Promise<void> {
  const held = button(page, name)
  await held.hover()
  await page.mouse.down()
  await page.getByRole('button', { name: 'Keep holding' }).waitFor()
  await page.waitForTimeout(1_200)
  await page.mouse.up()
}

/** The pending operations that give somebody a key, approved by owners with the command line's keys. */
export async function approveAll(owners: readonly Person[], type: string): Promise<void> {
  for (const owner of owners) {
    const list = await owner.api.ok('cwplistPendingApprovals')
    for (const { OperationID, OperationType } of list) if (OperationType === type) await owner.approve(OperationID)
  }
}

/** A wallet that lies: rewrites the answers of a route. Returns how to make it honest again. */
export async function lie(
  context: BrowserContext,
  path: string,
  change: (body: never) => unknown,
): Promise<() => Promise<void>> {
  const pattern = (url: URL): boolean => new RegExp(path).test(url.pathname)
  let isOver = false
  const answer = async (route: Route): Promise<void> => {
    try {
      const response = await route.fetch()
      await route.fulfill({ response, json: change((await response.json()) as never) })
    } catch (error) {
      // A request that was on its way when the lie ended goes to the wallet itself.
      if (!isOver) throw error
    }
  }
  await context.route(pattern, answer)
  return async () => {
    isOver = true
    await context.unroute(pattern, answer)
  }
}

/** No finding of axe, and nothing in the browser's console. */
export async function isClean({ page, problems }: Screen): Promise<void> {
  expect(await accessibilityFindings(page), page.url()).toEqual([])
  expect(problems, page.url()).toEqual([])
}
