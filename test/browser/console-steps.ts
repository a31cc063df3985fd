import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Site } from '../e2e/site.ts'
import { openScreen } from './harness.ts'

/** The command line of a person, with that person's device key. */
export const trivault = (site: Site, ...words: string[]) =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, '../../tools/bin/trivault.mjs'), ...words], {
    env: { PATH: process.env.PATH, TRIVAULT_HOME: site.home },
  })

/** Goes to another page as a link does, and waits until nothing is being loaded. */
export async function turnTo(on: Page, path: string): Promise<void> {
  await on.evaluate(to => {
    history.pushState({}, '', to)
    dispatchEvent(new PopStateEvent('popstate', { state: {} }))
  }, path)
  await on.waitForFunction(
    () => document.querySelector('h1') !== null && document.querySelector('.mantine-Loader-root') === null,
  )
}

/** Bytes (gzip) of all code and style, and milliseconds until the page takes a click, in a browser that has never been here. */
export async function firstLoad(browser: Browser, origin: string): Promise<{ bytes: number; ready: number }> {
  const stranger = await openScreen(browser)
  const files: Promise<number>[] = []
  stranger.page.on('response', response => {
    if (
      response.url().startsWith(origin) &&
      ['document', 'script', 'stylesheet'].includes(response.request().resourceType())
    )
      files.push(response.body().then(body => gzipSync(body).length))
  })
  await stranger.page.goto(origin)
  await stranger.page.getByRole('button', { name: 'Sign in' }).click({ trial: true })
  const ready = await stranger.page.evaluate(() => performance.now())
  await stranger.page.waitForLoadState('networkidle')
  const bytes = (await Promise.all(files)).reduce((sum, size) => sum + size, 0)
  expect(stranger.problems).toEqual([])
  await stranger.context.close()
  return { bytes, ready }
}
