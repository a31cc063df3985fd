import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, Locator, Page } from 'playwright-core'
import type { Site } from '../e2e/site.ts'
import { addressOf, openScreen, passSignIn } from './harness.ts'

const TRIVAULT = join(import.meta.dirname, '../../tools/bin/trivault.mjs')

export type Walk = {
  /** What was pressed, in order, by its label: the bold words of the README's walk-through. */
  readonly pressed: readonly string[]
  /** Commands that were run, as the README has them. */
  readonly commands: readonly string[]
  readonly problems: readonly string[]
}

/** The README's walk-through, in one browser with two tabs. `look` sees the screen at each step. */
export async function walkThrough(
  site: Site,
  browser: Browser,
  link: string,
  look: (step: string, page: Page) => Promise<void> = async () => {},
): Promise<Walk> {
  const { page: app, context, problems } = await openScreen(browser, { width: 1_100, height: 800 })
  app.setDefaultTimeout(20_000)
  const pressed: string[] = []
  const commands: string[] = []
  const press = async (page: Page, label: string, how = (found: Locator) => found.click()): Promise<void> => {
    const role = page.getByRole('button', { name: label, exact: true })
    await how(role.or(page.getByRole('link', { name: label, exact: true })).first())
    pressed.push(label)
  }
  const run = async (user: string, ...words: string[]): Promise<string> => {
    commands.push(
      ['npx trivault --as', `${user}@example.com`, ...words].join(' ').replace(/ [0-9a-f-]{30,}$/, ' OPERATION'),
    )
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [TRIVAULT, '--as', `${user}@example.com`, ...words, ...(words[1] === 'approve' ? ['--yes'] : [])],
      { env: { PATH: process.env.PATH, TRIVAULT_HOME: site.home } },
    )
    return stdout
  }

  await app.goto(link)
  await press(app, 'Sign in')
  await passSignIn(app, site, 'alice@example.com')
  await app.getByRole('heading', { name: 'Is this your vault?' }).waitFor()
  await look('vault', app)
  await press(app, 'This is my vault')
  await press(app, 'Make the key')
  await app.getByRole('heading', { name: 'Wait for the owners' }).waitFor()
  await look('pair', app)

  const listed = await run('bob', 'approver', 'list')
  const operation = /[0-9a-f]{8}-[0-9a-f-]{20,}/.exec(listed)?.[0]
  if (operation === undefined) throw new Error(`no operation waits: ${listed}`)
  await run('bob', 'approver', 'approve', operation)
  await run('carol', 'approver', 'approve', operation)
  await app.getByRole('heading', { name: 'Inbox' }).waitFor()

  const desk = await context.newPage()
  desk.setDefaultTimeout(20_000)
  await desk.goto(addressOf(site, 'console'))
  await press(desk, 'Sign in')
  await desk.getByRole('heading', { name: 'Welcome, Alice' }).waitFor()
  await look('console', desk)
  await press(desk, 'Accounts')
  await press(desk, 'treasury')
  await press(desk, 'Transfer from here')
  await desk.getByLabel('Amount', { exact: true }).fill('0.25')
  await desk.getByLabel('Receiving address').fill('0x70997970C51812dc3A010C7d01b50e0d17dc79C8')
  await desk.getByText('Your own approval is enough.').waitFor()
  await look('transfer', desk)
  await press(desk, 'Start the transfer')

  await app.bringToFront()
  await app.getByRole('link', { name: /Send 0\.25 ETH/ }).click()
  await app.getByRole('button', { name: 'Hold to approve' }).waitFor()
  await look('approve', app)
  await press(app, 'Hold to approve', async button => {
    await button.hover()
    await app.mouse.down()
    await app.waitForTimeout(1_400)
    await app.mouse.up()
  })
  await app.getByText('Succeeded').first().waitFor()
  await desk.bringToFront()
  await desk.getByText('Signed by the three nodes together').waitFor()
  await desk.getByText('Succeeded', { exact: true }).first().waitFor()
  await look('done', desk)
  await context.close()
  return { pressed, commands, problems }
}
