import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fromHex } from '@trivault/codec'
import { encodeRecreateRequest, RECREATE_FILE } from '@trivault/ledger'
import { vaultIdOf } from '@trivault/protocol'
import { Command } from 'commander'
import { CliError } from '../errors.ts'
import { replacePrivate } from '../files.ts'
import type { Open } from '../session.ts'

type Options = { index: string; anchor: string; head: string; yes?: true }

const question = (node: number): string =>
  `Is every other copy of node ${node} stopped for good, and did the admins of both other nodes read this head from their own node?`

export function nodeCommands(open: Open): Command {
  const node = new Command('node').description("a node admin's work on the own node; the node is stopped")
  node
    .command('recreate-vote-record')
    .description('have a lost or set-back vote record re-created from both peers at the next start')
    .requiredOption('--index <node>', 'number of the node: 0, 1 or 2')
    .requiredOption('--anchor <dir>', "the node's own anchor directory")
    .requiredOption('--head <seq:hash>', 'newest entry of both peers, compared with their admins')
    .option('--yes', 'the answer to the question')
    .action(async (options: Options, command: Command) => {
      const session = open(command)
      const index = ['0', '1', '2'].indexOf(options.index)
      if (index < 0) throw new CliError('usage', '--index is 0, 1 or 2')
      const head = /^(\d{1,15}):([0-9a-f]{64})$/.exec(options.head)
      if (head === null) throw new CliError('usage', '--head is <seq>:<hash>, as `trivault status` prints the entry')
      const [, seq = '', hash = ''] = head
      const vaultId = vaultIdOf(session.genesis())
      if (options.yes !== true && !(await session.terminal.confirm(question(index))))
        throw new CliError('declined', 'nothing was written')
      const file = join(resolve(options.anchor), RECREATE_FILE)
      mkdirSync(resolve(options.anchor), { recursive: true, mode: 0o700 })
      replacePrivate(
        file,
        encodeRecreateRequest({ vaultId, node: index, head: { seq: Number(seq), hash: fromHex(hash) } }),
      )
      session.print({ Node: index, File: file, Seq: Number(seq), Hash: hash }, `Wrote ${file}: start node ${index} now`)
    })
  return node
}
