import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Site } from '../e2e/site.ts'
import { openBrowser, pairingLinkOf, startSite } from './harness.ts'
import { walkThrough } from './walkthrough.ts'

const WITHIN_MS = 120_000

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
const section = /^## The first transfer\n(.*?)^## /ms.exec(readme)?.[1] ?? ''

let site: Site
let browser: Browser

beforeAll(async () => {
  ;[site, browser] = await Promise.all([startSite('walk'), openBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await site?.end()
})

it('the README’s walk-through leads to a signed transfer, word for word, within two minutes', async () => {
  const begun = performance.now()
  const { pressed, commands, problems } = await walkThrough(site, browser, pairingLinkOf(site))
  const took = performance.now() - begun
  console.log(`walk-through: ${Math.round(took / 100) / 10} s`)
  expect(took).toBeLessThan(WITHIN_MS)
  expect(problems).toEqual([])
  expect([...section.matchAll(/\*\*(.+?)\*\*/g)].map(([, label]) => label)).toEqual(pressed)
  const fenced = [...section.matchAll(/^ *```sh\n(.*?)^ *```/gms)].flatMap(([, lines = '']) =>
    lines.trim().split(/\n */),
  )
  expect(fenced).toEqual(commands)
})
