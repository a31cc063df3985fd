import { Command } from 'commander'
import { CliError } from '../errors.ts'
import { type Open, table } from '../session.ts'
import { idOption, initiatorOption, startAndTell, timeoutOption, type WaitOptions, waitOption } from './progress.ts'

type Starting = WaitOptions & { initiator?: string; id?: string }

export function userCommands(open: Open): Command {
  const users = new Command('user').description('people')
  users
    .command('list')
    .description('all users')
    .action(async (_options, command: Command) => {
      const session = open(command)
      const list = await (await session.client()).call('cwplistUsers')
      session.print(list, table(list.map(({ ID, Name, Active }) => [ID, Name, Active ? 'active' : 'no device yet'])))
    })
  users
    .command('register <email>')
    .description('start the registration of a user')
    .requiredOption('--name <name>', 'the name that approvers see')
    .addOption(initiatorOption())
    .addOption(idOption())
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(async (UserID: string, options: Starting & { name: string }, command: Command) =>
      startAndTell(open(command), 'registerUser', { UserID, UserName: options.name }, options),
    )
  return users
}

export function groupCommands(open: Open): Command {
  const groups = new Command('group').description('groups of approvers')
  groups
    .command('list')
    .description('all groups and their members')
    .action(async (_options, command: Command) => {
      const session = open(command)
      const all = await (await session.client()).call('cwpgetAllGroupMembers')
      session.print(all, table(Object.entries(all).map(([name, members]) => [name, members.join(', ') || '-'])))
    })
  groups
    .command('create <name>')
    .description('create an empty group')
    .action(async (Name: string, _options, command: Command) => {
      const session = open(command)
      await (await session.client()).call('cwpcreateGroup', { body: { Name } })
      session.print({ Name, Created: true }, `Created group ${Name}`)
    })
  groups
    .command('update <name>')
    .description('start a change of members')
    .option('--add <emails...>', 'users to add')
    .option('--remove <emails...>', 'users to remove')
    .addOption(initiatorOption())
    .addOption(idOption())
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(async (Group: string, options: Starting & { add?: string[]; remove?: string[] }, command: Command) => {
      const { add = [], remove = [] } = options
      if (add.length + remove.length === 0) throw new CliError('usage', 'give --add or --remove')
      await startAndTell(open(command), 'updateGroup', { Group, AddUsers: add, RemoveUsers: remove }, options)
    })
  return groups
}
