import { join, resolve } from 'node:path'
import { fromHex, parseJson, toHex } from '@trivault/codec'
import { type AdminOrder, foundingEpochJson, quarantineHash, vaultIdOf } from '@trivault/protocol'
import { Command, Option } from 'commander'
import { homeOf } from '../connection.ts'
import { CliError } from '../errors.ts'
import { readBytesIfThere, readText } from '../files.ts'
import { parsePins } from '../pins.ts'
import type { Open, Session } from '../session.ts'

interface Options {
  index: string
  dir?: string
  adminKey?: string
  yes?: true
}

const index = () =>
  new Option('--index <node>', 'number of the own node').choices(['0', '1', '2']).makeOptionMandatory()

/** Orders of a node's admin to the own node: signed with the admin key, read by the node at its next start. */
export function nodeCommands(open: Open): Command {
  const node = new Command('node').description(
    "a node admin's orders to the own node: signed here, read at its next start",
  )
  const command = (name: string, description: string): Command =>
    node
      .command(name)
      .description(description)
      .addOption(index())
      .option(
        '--dir <dir>',
        "the node's directory, with pins.json and statements.json (default: node<index> in the home)",
      )
      .option('--admin-key <file>', 'the admin key (default: admin-key.pem in that directory)')
      .option('--yes', 'the answer to the question')

  command('sign-pins', 'sign the pins: the node starts with pins of its admin only').action(
    async (options: Options, self: Command) => {
      const files = filesOf(open(self), options)
      const { deploymentId, founders, foundersRequired } = files.genesis
      const vault = toHex(vaultIdOf(files.genesis)).match(/.{8}/g)?.join(' ')
      await order(
        open(self),
        files,
        { type: 'pins' },
        {
          told: [
            `deployment ${deploymentId}, vault ${vault}`,
            `founders ${founders.join(', ') || 'none'} (${foundersRequired})`,
          ],
          question:
            'Are these the pins that you checked, and did the admins of both other nodes read you the same vault number?',
          yes: options.yes === true,
        },
      )
    },
  )

  command('recreate-vote-record', 'have a lost or set-back vote record re-created from both peers')
    .requiredOption('--head <seq:hash>', 'newest entry of both peers, compared with their admins')
    .action(async (options: Options & { head: string }, self: Command) => {
      const head = /^(\d{1,15}):([0-9a-f]{64})$/.exec(options.head)
      if (head === null) throw new CliError('usage', '--head is <seq>:<hash>, as `trivault status` prints the entry')
      const [, seq = '', hash = ''] = head
      const recreate = { type: 'recreate', seq: Number(seq), hash: fromHex(hash), time: Date.now() } as const
      const question = `Is every other copy of node ${options.index} stopped for good, and did the admins of both other nodes read this head from their own node?`
      await order(open(self), filesOf(open(self), options), recreate, { told: [], question, yes: options.yes === true })
    })

  command('pin-owners', 'pin new owners for a vault whose owner quorum is lost')
    .requiredOption('--file <json>', 'the founding epoch that all three admins agreed on')
    .action(async (options: Options & { file: string }, self: Command) => {
      const epoch = readEpoch(options.file)
      const owners = epoch.owners.map(({ id, name, key }) => `${id} (${name})${key ? ` ${toHex(key)}` : ''}`)
      await order(
        open(self),
        filesOf(open(self), options),
        { type: 'founding-epoch', ...epoch },
        {
          told: [`founding epoch ${epoch.epoch}: ${epoch.required} of`, ...owners.map(owner => `  ${owner}`)],
          question: 'Did the admins of both other nodes read you exactly these owners?',
          yes: options.yes === true,
        },
      )
    })

  command('release-peer', 'end the quarantine of a peer')
    .addOption(new Option('--peer <node>', 'the quarantined node').choices(['0', '1', '2']).makeOptionMandatory())
    .action(async (options: Options & { peer: string }, self: Command) => {
      const files = filesOf(open(self), options)
      const peer = Number(options.peer)
      const record = readBytesIfThere(join(files.dir, 'anchor', `quarantine-${peer}.json`))
      if (record === undefined)
        throw new CliError(
          'configuration',
          `node ${options.index} holds no quarantine of node ${peer}: see \`trivault status\``,
        )
      await order(
        open(self),
        files,
        { type: 'release', peer, quarantine: quarantineHash(peer, record) },
        {
          told: [
            `node ${peer} is quarantined: ${new TextDecoder().decode(record).trim() || 'no cause is written down'}`,
          ],
          question: `Was the cause found and mended, and should node ${peer} take part again?`,
          yes: options.yes === true,
        },
      )
    })

  node
    .command('withdraw')
    .description('take back an order that the node has not carried out')
    .addOption(index())
    .option('--dir <dir>', "the node's directory (default: node<index> in the home)")
    .addOption(
      new Option('--what <order>', 'the order')
        .choices(['founding-epoch', 'recreate', 'releases'])
        .makeOptionMandatory(),
    )
    .action(async (options: Options & { what: string }, self: Command) => {
      const files = filesOf(open(self), options)
      const { withdrawOrder } = await import('@trivault/node-host')
      const kind =
        options.what === 'founding-epoch' ? 'foundingEpoch' : options.what === 'recreate' ? 'recreate' : 'releases'
      await asCliError(withdrawOrder(files, kind))
      open(self).print({ Node: files.index, Withdrawn: options.what }, `Withdrawn: ${options.what}`)
    })
  return node
}

function filesOf(session: Session, options: Options) {
  const dir = resolve(options.dir ?? join(homeOf(session.options), `node${options.index}`))
  const pins = join(dir, 'pins.json')
  return {
    ...{ dir, index: Number(options.index), pins, statements: join(dir, 'statements.json') },
    adminKey: resolve(options.adminKey ?? join(dir, 'admin-key.pem')),
    genesis: parsePins(readText(pins), pins),
  }
}

async function order(
  session: Session,
  files: ReturnType<typeof filesOf>,
  given: AdminOrder,
  { told, question, yes }: { told: string[]; question: string; yes: boolean },
): Promise<void> {
  if (!yes) {
    for (const line of told) session.terminal.err(`${line}\n`)
    if (!(await session.terminal.confirm(question))) throw new CliError('declined', 'nothing was signed')
  }
  const { giveOrder } = await import('@trivault/node-host')
  await asCliError(giveOrder(files, given))
  session.print(
    { Node: files.index, Order: given.type, File: files.statements },
    `Signed, in ${files.statements}: (re)start node ${files.index} now`,
  )
}

function readEpoch(path: string) {
  try {
    return foundingEpochJson.read(parseJson(readText(path)))
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    const why = cause instanceof Error ? cause.message : 'not readable'
    throw new CliError('configuration', `${path} is not a founding epoch: ${why}`, { cause })
  }
}

/** The host's words for a file that is missing or not acceptable are good for a person too. */
async function asCliError<T>(work: Promise<T>): Promise<T> {
  const { HostError } = await import('@trivault/node-host')
  return work.catch((error: unknown) => {
    if (error instanceof HostError) throw new CliError('configuration', error.message, { cause: error })
    throw error
  })
}
