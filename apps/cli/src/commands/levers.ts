import { join } from 'node:path'
import { holdBody } from '@trivault/approval'
import { type SignedHold, vaultIdOf } from '@trivault/protocol'
import { Command, Option } from 'commander'
import { homeOf } from '../connection.ts'
import { CliError } from '../errors.ts'
import { parseJsonText, readText, writeNewPrivate } from '../files.ts'
import { bringToNode, encodeHold, readHold, signHold } from '../hold.ts'
import type { Open, Session } from '../session.ts'
import { idOption, initiatorOption, startAndTell, timeoutOption, type WaitOptions, waitOption } from './progress.ts'

type Where = { node?: string; nodeUrl?: string }
type Signing = Where & { keyFile?: string; counter?: string; out?: string }

const nodeOption = (): Option =>
  new Option('--node <index>', 'bring it to this node of the local vault itself, not to the wallet')
const nodeUrlOption = (): Option =>
  new Option('--node-url <url>', 'the same, for the host of a node: its loopback address')

/** Stops that one owner's device signs. */
export function holdCommands(open: Open): Command {
  const hold = new Command('hold').description("freeze the vault or veto an operation, by one owner's device")
  const signing = (command: Command): Command =>
    command
      .addOption(new Option('--key-file <file>', 'the device key (default: that of the user in --home)'))
      .addOption(new Option('--counter <number>', 'above every one used before (default: the time)'))
      .addOption(new Option('--out <file>', 'only sign: write the statement to a new file, for somebody who brings it'))
      .addOption(nodeOption())
      .addOption(nodeUrlOption())
  signing(hold.command('freeze'))
    .description('nothing is signed until the owner quorum unfreezes')
    .action((options: Signing, command: Command) => sign(open(command), '', options))
  signing(hold.command('veto <operation>'))
    .description('end an operation that is not signed yet')
    .action((operation: string, options: Signing, command: Command) => sign(open(command), operation, options))
  hold
    .command('bring <file>')
    .description('bring a signed statement, whoever signed it')
    .addOption(nodeOption())
    .addOption(nodeUrlOption())
    .action((path: string, options: Where, command: Command) => bring(open(command), readHold(path), options))
  return hold
}

async function sign(session: Session, operationId: string, options: Signing): Promise<void> {
  if (options.counter !== undefined && !/^[1-9]\d{0,15}$/.test(options.counter))
    throw new CliError('usage', '--counter takes a positive number')
  const key = session.deviceKey(session.keyFile(options.keyFile))
  const counter = options.counter === undefined ? Date.now() : Number(options.counter)
  const hold = signHold(key, vaultIdOf(session.genesis()), operationId, counter)
  if (options.out === undefined) return bring(session, hold, options)
  writeNewPrivate(options.out, encodeHold(hold))
  session.print(
    { File: options.out, Kind: hold.kind, Counter: counter },
    `Wrote ${options.out}: bring it with \`trivault hold bring\``,
  )
}

async function bring(session: Session, hold: SignedHold, { node, nodeUrl }: Where): Promise<void> {
  if (node !== undefined && nodeUrl !== undefined) throw new CliError('usage', 'give --node or --node-url, not both')
  const what = hold.kind === 'freeze' ? 'The vault is frozen' : `Operation ${hold.operationId} is vetoed`
  const url = node === undefined ? nodeUrl : localNode(session, node)
  if (url !== undefined) {
    await bringToNode(url, hold)
    session.print({ Kind: hold.kind, Counter: hold.counter, Nodes: [{ Url: url, Held: true }] }, [
      `${what}: that node has stopped, and has nothing certified before it is logged`,
    ])
    return
  }
  const { Nodes } = await (await session.client()).call('trivaultHold', { body: holdBody(hold) })
  session.print({ Kind: hold.kind, Counter: hold.counter, Nodes }, [
    what,
    ...Nodes.map(({ Node, Held, Message }) => `Node ${Node}    ${Held ? 'stopped' : `did not take it: ${Message}`}`),
  ])
}

/** Loopback address of a node of a local vault. Throws `CliError`. */
function localNode(session: Session, index: string): string {
  if (!/^[0-2]$/.test(index)) throw new CliError('usage', '--node takes 0, 1 or 2')
  const path = join(homeOf(session.options), 'ports.json')
  const ports = parseJsonText(readText(path), path)
  const port = typeof ports === 'object' && ports !== null ? Reflect.get(ports, `metricsNode${index}`) : undefined
  if (typeof port !== 'number') throw new CliError('configuration', `${path} does not name the port of node ${index}`)
  return `http://127.0.0.1:${port}`
}

export function unfreezeCommand(open: Open): Command {
  return new Command('unfreeze')
    .description('start the end of the freeze in force: the owner quorum approves it')
    .addOption(initiatorOption())
    .addOption(idOption())
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(async (options: WaitOptions & { initiator?: string; id?: string }, command: Command) => {
      const session = open(command)
      const { freeze } = (await session.replica()).state
      if (freeze === undefined) throw new CliError('refused', 'the vault is not frozen')
      await startAndTell(session, 'unfreeze', { Freeze: freeze.number }, options)
    })
}

type SettingOptions = WaitOptions & {
  pendingExpiry?: string
  looseningDelay?: string
  selfApproval?: 'on' | 'off'
  moneyDefault?: 'owner-quorum' | 'initiator'
  initiator?: string
  id?: string
}

export function settingsCommands(open: Open): Command {
  const settings = new Command('settings').description("the vault's own settings")
  settings
    .command('show')
    .description('the settings in force, from the certified log')
    .action(async (_options, command: Command) => {
      const session = open(command)
      const { settings: now, freeze } = (await session.replica()).state
      session.print(
        {
          PendingExpirySeconds: now.pendingLifetime / 1000,
          LooseningDelaySeconds: now.looseningDelay / 1000,
          NoSelfApproval: now.noSelfApproval,
          MoneyDefault: now.moneyDefault,
          ...(freeze && { Freeze: { Number: freeze.number, By: freeze.by, At: new Date(freeze.at).toISOString() } }),
        },
        [
          `Pending expiry    ${now.pendingLifetime / 3_600_000} hours`,
          `Loosening delay   ${now.looseningDelay / 3_600_000} hours`,
          `No self-approval  ${now.noSelfApproval ? 'on' : 'off'}`,
          `Money default     ${now.moneyDefault === 'initiator' ? 'initiator' : 'initiator and owner quorum'}`,
          ...(freeze ? [`FROZEN by ${freeze.by} since ${new Date(freeze.at).toISOString()}`] : []),
        ],
      )
    })
  settings
    .command('set')
    .description('start a change, which the owner quorum approves')
    .option('--pending-expiry <time>', 'how long operations wait for approvals, such as 24h or 7d')
    .option('--loosening-delay <time>', 'how long an approved loosening waits, such as 48h; 0s for none')
    .addOption(
      new Option('--money-default <who>', 'who approves every signature besides what rules ask').choices([
        'owner-quorum',
        'initiator',
      ]),
    )
    .addOption(
      new Option('--self-approval <on|off>', "off: the initiator's approval does not count for approver lists").choices(
        ['on', 'off'],
      ),
    )
    .addOption(initiatorOption())
    .addOption(idOption())
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(async (options: SettingOptions, command: Command) => {
      const session = open(command)
      const { pendingExpiry, looseningDelay, selfApproval, moneyDefault } = options
      const body = {
        ...(pendingExpiry !== undefined && { PendingExpirySeconds: secondsOf(pendingExpiry) }),
        ...(looseningDelay !== undefined && { LooseningDelaySeconds: secondsOf(looseningDelay) }),
        ...(selfApproval !== undefined && { NoSelfApproval: selfApproval === 'off' }),
        ...(moneyDefault !== undefined && { MoneyDefault: moneyDefault.replace('-', ' ') }),
      }
      if (Object.keys(body).length === 0) throw new CliError('usage', 'say which setting to change')
      await startAndTell(session, 'updateSettings', body, options)
    })
  return settings
}

/** Throws `CliError` usage. */
function secondsOf(text: string): number {
  const [, count, unit] = /^(\d{1,9})(s|m|h|d)$/.exec(text) ?? []
  if (count === undefined) throw new CliError('usage', 'a time is a number with s, m, h or d, such as 48h')
  return Number(count) * (unit === 'd' ? 86_400 : unit === 'h' ? 3600 : unit === 'm' ? 60 : 1)
}
