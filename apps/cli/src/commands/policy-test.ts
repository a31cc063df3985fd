import { describeIntent } from '@trivault/approval'
import { utf8 } from '@trivault/codec'
import { diffRestrictions } from '@trivault/policy'
import { decodeIntent, operationTypeOf, vaultErrors } from '@trivault/protocol'
import { countedApprovals, type DryRun, dryRun, operationOf, type VaultState } from '@trivault/vault-state'
import { Command } from 'commander'
import { CliError } from '../errors.ts'
import { readText } from '../files.ts'
import { restrictionsIn } from '../restriction-file.ts'
import type { Open, Session } from '../session.ts'
import { objectIn } from './operations.ts'

type TestOptions = { file?: string; operation?: string; draft?: string; approvals?: string; initiator?: string }

/** `policy test`: a dry run, decided here on the verified log. The wallet only fills in what a start request leaves out. */
export function testCommand(open: Open): Command {
  return new Command('test')
    .description('dry run: what an operation needs, restriction by restriction; nothing is started')
    .argument('[segment]', 'the operation that --file asks for, such as makeTransaction')
    .option('--file <file>', 'its start request as JSON; - reads the standard input')
    .option('--operation <id>', 'or an operation that was started, with the approvals that it has')
    .option('--draft <file>', 'judge by these transaction restrictions instead of those in force')
    .option('--approvals <emails>', 'suppose the approvals of these users, by commas')
    .option('--initiator <email>', 'who would start it')
    .action(async (segment: string | undefined, options: TestOptions, command: Command) => {
      const session = open(command)
      const { state } = await session.replica()
      const intent =
        options.operation === undefined
          ? decodeIntent(utf8(await filledIn(session, segment, options)))
          : operationOf(state, options.operation).intent
      const restrictions =
        options.draft === undefined ? undefined : restrictionsIn(readText(options.draft), options.draft)
      const approvals = options.approvals?.split(',').map(user => user.trim()) ?? given(state, options.operation)
      const result = dryRun(state, intent, { restrictions, approvals, time: Date.now() })
      session.print(documentOf(intent, result), [...describeIntent(state, intent), '', ...linesOf(result)])
    })
}

async function filledIn(session: Session, segment: string | undefined, options: TestOptions): Promise<string> {
  if (segment === undefined || options.file === undefined || operationTypeOf(segment) === undefined)
    throw new CliError('usage', 'give --operation, or an operation such as makeTransaction with --file')
  const text = options.file === '-' ? await session.terminal.readInput() : readText(options.file)
  const Request = {
    ...objectIn(text, options.file),
    ...(options.initiator !== undefined && { InitiatorID: options.initiator }),
  }
  const client = await session.client()
  return (await client.call('trivaultPolicyTest', { body: { Segment: segment, Request } })).Intent
}

function given(state: VaultState, operation: string | undefined): string[] {
  return operation === undefined ? [] : countedApprovals(state, operationOf(state, operation)).map(({ user }) => user)
}

const documentOf = (intent: object, { blocked, needs, unmet, restrictions, heldUp }: DryRun) => {
  const obstacle = ({ code, reason }: DryRun['heldUp'][number]) => ({ Code: vaultErrors[code], Reason: reason })
  return {
    Intent: intent,
    ...(blocked && { Blocked: obstacle(blocked) }),
    Needs: needs,
    Unmet: unmet,
    Restrictions: restrictions.map(({ id, matches, firstUnmet }) => ({
      RestrictionID: id,
      Matches: matches,
      ...(firstUnmet !== undefined && { FirstUnmet: firstUnmet }),
    })),
    HeldUp: heldUp.map(obstacle),
  }
}

function linesOf({ blocked, needs, unmet, restrictions, heldUp }: DryRun): string[] {
  return [
    ...(blocked === undefined ? [] : [`BLOCKED (${vaultErrors[blocked.code]}): ${blocked.reason}`]),
    ...(needs.length === 0
      ? ['Needs no approval']
      : needs.map(need => `Needs ${need}${unmet.includes(need) ? '' : ': given'}`)),
    ...restrictions.map(({ id, matches, firstUnmet }) =>
      matches
        ? `Rule ${id}: ${firstUnmet === undefined ? 'satisfied' : `first unmet: ${firstUnmet}`}`
        : `Rule ${id}: does not match`,
    ),
    ...heldUp.map(({ reason }) => `Held up: ${reason}`),
  ]
}

/** `policy diff`: what changes between two versions, in words. */
export function diffCommand(open: Open): Command {
  return new Command('diff')
    .description('what changes between two sets of transaction restrictions, in words')
    .argument('<before>', 'a JSON file with a list of restrictions, or: current')
    .argument('<after>', 'the same')
    .action(async (before: string, after: string, _options, command: Command) => {
      const session = open(command)
      const load = async (name: string) =>
        name === 'current'
          ? (await session.replica()).state.restrictions.values()
          : restrictionsIn(readText(name), name)
      const changes = diffRestrictions(await load(before), await load(after))
      session.print(
        changes.map(({ id, kind, lines }) => ({ RestrictionID: id, Change: kind, Lines: lines })),
        changes.length === 0 ? 'They say the same' : changes.flatMap(({ lines }) => lines),
      )
    })
}
