import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openBrowser, pairingLinkOf, startSite } from './harness.ts'
import { walkThrough } from './walkthrough.ts'

// npm run screenshots: the pictures of the README's walk-through, made by following it.
const directory = join(import.meta.dirname, '../../docs/img/walk-through')
rmSync(directory, { recursive: true, force: true })
mkdirSync(directory, { recursive: true })
const [site, browser] = await Promise.all([startSite('screenshots'), openBrowser()])
try {
  const { problems } = await walkThrough(site, browser, pairingLinkOf(site), async (step, page) => {
    await page.waitForTimeout(400)
    await page.screenshot({ path: join(directory, `${step}.png`) })
    process.stdout.write(`docs/img/walk-through/${step}.png\n`)
  })
  if (problems.length > 0) throw new Error(problems.join('\n'))
} finally {
  await browser.close()
  await site.end()
}
