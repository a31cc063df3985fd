import { accountOf, activeMasterKeyOf, deriveAddress as derive, type VaultState } from '@trivault/vault-state'
import { Command } from 'commander'
import { CliError } from '../errors.ts'
import { type Open, table } from '../session.ts'
import { idOption, initiatorOption, startAndTell, timeoutOption, type WaitOptions, waitOption } from './progress.ts'

export function accountCommands(open: Open): Command {
  const accounts = new Command('account').description('accounts')
  accounts
    .command('list')
    .description('all accounts')
    .action(async (_options, command: Command) => {
      const session = open(command)
      const list = await (await session.client()).call('cwplistAccounts')
      session.print(list, list.length === 0 ? 'no accounts' : table(list.map(one => [one.MasterKey, one.Name])))
    })
  accounts
    .command('create <name>')
    .description('start the creation of an account')
    .option('--master-key <name>', 'its master key (needed when there are several)')
    .addOption(initiatorOption())
    .addOption(idOption())
    .addOption(waitOption())
    .addOption(timeoutOption())
    .action(
      async (
        Name: string,
        options: WaitOptions & { masterKey?: string; initiator?: string; id?: string },
        command: Command,
      ) => {
        const session = open(command)
        const MasterKey = options.masterKey ?? onlyMasterKey((await session.replica()).state)
        await startAndTell(session, 'createAccount', { Name, MasterKey }, options)
      },
    )
  return accounts
}

export function addressCommands(open: Open): Command {
  const addresses = new Command('address').description('deposit addresses, derived here from the certified log')
  addresses
    .command('get <account>', { isDefault: true })
    .description("an account's address; refused when the wallet names another")
    .option('--index <n>', 'address index', parseIndex, 0)
    .option('--chain <caip2>', 'a chain (needed when several are registered)')
    .action(async (text: string, { index, chain }: { index: number; chain?: string }, command: Command) => {
      const session = open(command)
      const client = await session.client()
      const { state } = await session.replica()
      const { masterKey, account } = parseAccount(state, text)
      const CAIP2 = chain ?? onlyChain(state)
      const own = deriveAddress(state, masterKey, account, CAIP2, index)
      const body = { MasterKey: masterKey, Account: account, CAIP2, Index: index }
      const { Address } = await client.call('cwpgetAddressCAIP2', { body })
      if (Address !== own)
        throw new CliError(
          'untrusted',
          `the wallet's answer is not proof: it says ${Address}, the certified key gives ${own}. Pay to neither`,
        )
      session.print({ MasterKey: masterKey, Account: account, CAIP2, Index: index, Address: own }, own)
    })
  addresses
    .command('list')
    .description('all allocated addresses')
    .action(async (_options, command: Command) => {
      const session = open(command)
      const { state } = await session.replica()
      const list = state.addresses
        .values()
        .map(({ masterKey, account, index, address }) => ({
          MasterKey: masterKey,
          Account: account,
          Index: index,
          Address: address,
        }))
        .sort((a, b) => `${a.MasterKey}/${a.Account}`.localeCompare(`${b.MasterKey}/${b.Account}`) || a.Index - b.Index)
      session.print(
        list,
        list.map(one => `${one.Address}  ${one.MasterKey}/${one.Account} ${one.Index}`),
      )
    })
  return addresses
}

/** From the master key that three nodes certified. Throws `VaultError`. */
export function deriveAddress(
  state: VaultState,
  masterKey: string,
  account: string,
  caip2: string,
  index: number,
): string {
  const chain = state.chains.get(caip2)
  if (chain === undefined) throw new CliError('usage', `chain ${caip2} is not registered in this vault`)
  const key = activeMasterKeyOf(state, masterKey)
  return derive(key, chain.slip44, accountOf(state, masterKey, account).index, index).address
}

/** `account`, or `master key/account` where the name alone is ambiguous. Throws `CliError` usage. */
export function parseAccount(state: VaultState, text: string): { masterKey: string; account: string } {
  const [first = '', second] = text.split('/')
  const found = state.accounts
    .values()
    .filter(({ masterKey, name }) => (second === undefined ? name === first : masterKey === first && name === second))
  const [only] = found
  if (only !== undefined && found.length === 1) return { masterKey: only.masterKey, account: only.name }
  if (only !== undefined)
    throw new CliError(
      'usage',
      `${text} is ambiguous: write ${found.map(one => `"${one.masterKey}/${one.name}"`).join(' or ')}`,
    )
  const known = state.accounts.values().map(one => one.name)
  throw new CliError('usage', `no account ${text}: known are ${known.sort().join(', ') || 'none'}`)
}

function onlyMasterKey(state: VaultState): string {
  const names = state.masterKeys.keys().sort()
  const [only] = names
  if (only === undefined) throw new CliError('usage', 'there is no master key yet: start createMasterKey first')
  if (names.length > 1) throw new CliError('usage', `say which master key with --master-key: ${names.join(', ')}`)
  return only
}

function onlyChain(state: VaultState): string {
  const chains = state.chains.keys().sort()
  const [only] = chains
  if (only === undefined) throw new CliError('usage', 'no chain is registered in this vault')
  if (chains.length > 1) throw new CliError('usage', `say which chain with --chain: ${chains.join(', ')}`)
  return only
}

function parseIndex(text: string): number {
  if (!/^(0|[1-9][0-9]{0,9})$/.test(text) || Number(text) >= 2 ** 31)
    throw new CliError('usage', '--index takes a whole number from 0 to 2147483647')
  return Number(text)
}
