import type { StartSegment } from '@trivault/api-contract'
import { parseAddress, parseCaip19 } from '@trivault/chains'
import { operationTypeNames, operationTypeOf, operationTypes, statuses } from '@trivault/protocol'
import type { VaultState } from '@trivault/vault-state'
import { Command } from 'commander'
import { CliError } from '../errors.ts'
import { parseJsonText, readText } from '../files.ts'
import { type Open, table } from '../session.ts'
import { parseAccount } from './accounts.ts'
import {
  idOption,
  initiatorOption,
  progress,
  requireNotFailed,
  resultLines,
  startAndTell,
  timeoutOption,
  type WaitOptions,
  waitOption,
} from './progress.ts'

type TransferOptions = WaitOptions & {
  from: string
  to: string
  amount: string
  asset: string
  initiator?: string
  id?: string
}

export function transferCommand(open: Open): Command {
  return new Command('transfer')
    .description('start a transfer of the native asset or of a token')
    .requiredOption('--from <account>', 'the account that pays')
    .requiredOption('--to <address|account>', 'an address, or an account of this vault')
    .requiredOption('--amount <amount>', 'in major units, such as 0.25')
    .requiredOption('--asset <asset>', 'CAIP-19 id, or the symbol of a registered asset')
    .addOption(initiatorOption())
    .addOption(idOption())
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(async (options: TransferOptions, command: Command) => {
      const session = open(command)
      if (!/^(0|[1-9][0-9]{0,77})(\.[0-9]{1,36})?$/.test(options.amount))
        throw new CliError('usage', '--amount takes a positive decimal such as 0.25')
      const { state } = await session.replica()
      const source = parseAccount(state, options.from)
      const body = {
        CAIP19: resolveAsset(state, options.asset),
        Source: { MasterKeyName: source.masterKey, AccountName: source.account, AddressIndex: 0 },
        Destination: [{ ...destination(state, options.to), Amount: options.amount }],
      }
      await startAndTell(session, 'makeTransaction', body, options)
    })
}

function destination(state: VaultState, text: string): Record<string, unknown> {
  if (/^0x/i.test(text)) return { Address: parseAddress(text) }
  const { masterKey, account } = parseAccount(state, text)
  return { MasterKeyName: masterKey, AccountName: account, AddressIndex: 0 }
}

/** A CAIP-19 id as it is, or the one registered asset with this symbol. Throws `CliError` usage. */
export function resolveAsset(state: VaultState, text: string): string {
  if (text.includes(':')) return parseCaip19(text).caip19
  const same = (symbol: string): boolean => symbol.toLowerCase() === text.toLowerCase()
  const natives = state.chains.values().filter(({ symbol }) => same(symbol))
  const tokens = state.tokens.values().filter(({ symbol }) => same(symbol))
  const found = [...natives.map(({ nativeAsset }) => nativeAsset), ...tokens.map(({ caip19 }) => caip19)].sort()
  const [only] = found
  if (only === undefined) throw new CliError('usage', `no registered asset has the symbol ${text}`)
  if (found.length > 1) throw new CliError('usage', `${text} is ambiguous: give one of ${found.join(', ')}`)
  return only
}

export function operationCommands(open: Open): Command {
  const operations = new Command('operation').description('operations of every kind')
  operations
    .command('list')
    .description('operations, newest first; only those not final unless --all is given')
    .option('--all', 'final ones too')
    .action(async ({ all }: { all?: true }, command: Command) => {
      const session = open(command)
      const client = await session.client()
      const Filter = all ? { Statuses: [...statuses] } : {}
      const { Infos } = await client.call('cwpsearchOperationInfos', { body: { Filter, Pagination: { Size: 1000 } } })
      const rows = Infos.map(one => [
        one.OperationID,
        one.CreatedTime,
        one.OperationType,
        one.Status,
        one.ErrorCode ?? '',
      ])
      session.print(Infos, rows.length === 0 ? 'no operations' : table(rows))
    })
  operations
    .command('show <id>')
    .description('status, approvals and intent of an operation, as the wallet tells them')
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(async (operationID: string, options: WaitOptions, command: Command) => {
      const session = open(command)
      const client = await session.client()
      const params = { operationID }
      const status = options.wait
        ? await progress(client, operationID, options)
        : await client.call('cwpgetOperationStatus', { params })
      const Approvals = await client.call('cwpgetOperationApprovalStatus', { params })
      const Intent = await client.call('cwpgetOperationIntent', { params })
      if (options.wait) requireNotFailed(operationID, status)
      const names = (list: readonly string[] | undefined): string => list?.join(', ') || '-'
      session.print({ OperationID: operationID, ...status, Approvals, Intent }, [
        `Operation    ${operationID} (${Intent.OperationType})`,
        `Status       ${status.Status}${status.ErrorDetails ? `: ${String(status.ErrorDetails.Properties?.Reason ?? '')} (${status.ErrorDetails.ErrorCode})` : ''}`,
        `Approved by  ${names(Approvals.ApprovedBy)}`,
        `Rejected by  ${names(Approvals.RejectedBy)}`,
        `Waits for    ${names(Approvals.PendingApprovals)}`,
        ...resultLines(status),
        JSON.stringify(Intent, null, 2),
      ])
    })
  operations
    .command('cancel <id>')
    .description('cancel an operation that is not final')
    .action(async (operationID: string, _options, command: Command) => {
      const session = open(command)
      const client = await session.client()
      await client.call('cwpcancelOperation', { params: { operationID }, body: {} })
      session.print({ OperationID: operationID, Cancelled: true }, `Cancelled ${operationID}`)
    })
  operations
    .command('start <segment>')
    .description(`start any operation: ${operationTypeNames.map(name => operationTypes[name].segment).join(', ')}`)
    .requiredOption('--file <file>', 'its fields as JSON; - reads the standard input')
    .addOption(initiatorOption())
    .addOption(idOption())
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(
      async (
        segment: string,
        options: WaitOptions & { file: string; initiator?: string; id?: string },
        command: Command,
      ) => {
        const session = open(command)
        if (operationTypeOf(segment) === undefined)
          throw new CliError('usage', `no operation ${segment}: see \`trivault operation start --help\``)
        const text = options.file === '-' ? await session.terminal.readInput() : readText(options.file)
        await startAndTell(session, segment as StartSegment, objectIn(text, options.file), options)
      },
    )
  return operations
}

/** Throws `CliError` configuration unless the text is a JSON object. */
export function objectIn(text: string, what: string): Record<string, unknown> {
  const value = parseJsonText(text, what)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CliError('configuration', `${what} must hold one JSON object`)
  return value as Record<string, unknown>
}
