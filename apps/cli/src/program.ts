import { Command, Option } from 'commander'
import { accountCommands, addressCommands } from './commands/accounts.ts'
import { approverCommands } from './commands/approver.ts'
import { auditCommands } from './commands/audit.ts'
import { backupCommand } from './commands/backup.ts'
import { foundingCommands } from './commands/founding.ts'
import { holdCommands, settingsCommands, unfreezeCommand } from './commands/levers.ts'
import { masterKeyCommands } from './commands/master-key.ts'
import { nodeCommands } from './commands/node.ts'
import { operationCommands, transferCommand } from './commands/operations.ts'
import { groupCommands, userCommands } from './commands/people.ts'
import { policyCommands } from './commands/policy.ts'
import { receiptCommands } from './commands/receipt.ts'
import { setupCommand } from './commands/setup.ts'
import { statusCommand } from './commands/status.ts'
import type { GlobalOptions } from './connection.ts'
import { type Open, Session, type Terminal } from './session.ts'

export function cliProgram(terminal: Terminal, json: boolean): Command {
  const program = new Command('trivault')
    .description('Works with a Trivault vault. By default the local one that `npm start` runs, with its admin API key.')
    .option('--json', 'print one JSON document')
    .option('--api <url>', 'the wallet API of another vault')
    .option('--api-key-file <file>', 'a file with a cwp_… API key')
    .option('--token-file <file>', 'a file with an OIDC access token')
    .option('--user <email>', 'sign in as this user (with --password-file)')
    .option('--password-file <file>', 'a file with the password of --user')
    .option('--home <dir>', 'home of a local vault (default: TRIVAULT_HOME or .trivault)')
    .option('--as <email>', 'sign in as a sample user of the local vault')
    .addOption(new Option('--pins <file>', "the vault's pins (pins.json of a node admin)"))
  const open: Open = command => new Session(command.optsWithGlobals<GlobalOptions>(), terminal)
  program.addCommand(statusCommand(open))
  program.addCommand(setupCommand(open))
  program.addCommand(foundingCommands(open))
  program.addCommand(accountCommands(open))
  program.addCommand(addressCommands(open))
  program.addCommand(transferCommand(open))
  program.addCommand(operationCommands(open))
  program.addCommand(approverCommands(open))
  program.addCommand(policyCommands(open))
  program.addCommand(settingsCommands(open))
  program.addCommand(holdCommands(open))
  program.addCommand(unfreezeCommand(open))
  program.addCommand(userCommands(open))
  program.addCommand(groupCommands(open))
  program.addCommand(auditCommands(open))
  program.addCommand(receiptCommands(open))
  program.addCommand(masterKeyCommands(open))
  program.addCommand(backupCommand(open))
  program.addCommand(nodeCommands(open))
  settle(program, terminal, json)
  return program
}

/** With --json nothing but the document is printed, help aside. */
function settle(command: Command, terminal: Terminal, json: boolean): void {
  command
    .exitOverride()
    .showHelpAfterError(!json)
    .configureOutput({ writeOut: terminal.out, writeErr: json ? () => {} : terminal.err })
  for (const child of command.commands) settle(child, terminal, json)
}
