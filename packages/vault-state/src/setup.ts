import { type CommandOf, require } from '@trivault/protocol'
import { registerKnownChain } from './assets.ts'
import { requestMasterKey } from './keys.ts'
import { addUser, bootstrapUser, checkName, createGroup } from './people.ts'
import { checkRate } from './rates.ts'
import { type Position, userKey, type VaultState } from './state.ts'

/** One-shot tenant set-up: users, the owner group, chains, and requests for the master keys with their accounts. */
export function applySetup(state: VaultState, command: CommandOf<'setup'>, at: Position): VaultState {
  require(state.setup === undefined, 'already-populated', 'the tenant is already populated')
  const { users, group, approvalsRequired } = command
  require(users.length > 0, 'malformed', 'Users: list at least one owner')
  require(approvalsRequired >= 1 &&
    approvalsRequired <= users.length, 'malformed', `ApprovalsRequired: 1 to ${users.length}, the number of Users`)
  const { founders, foundersRequired } = state.genesis
  if (state.genesis.profile === 'enclave' || state.genesis.foundingMode !== 'open') {
    const wanted = founders.map(userKey).sort().join(' ')
    require(users
      .map(user => userKey(user.id))
      .sort()
      .join(' ') === wanted &&
      approvalsRequired === foundersRequired, 'malformed', 'Users and ApprovalsRequired must equal the pinned founders')
  }
  let next = addUser(state, bootstrapUser, 'bootstrap', at.time, { role: 'Admin', confirmer: undefined })
  for (const user of users) next = addUser(next, user.id, user.name, at.time)
  next = createGroup(next, checkName(group, 'group name'))
  next = {
    ...next,
    groups: next.groups.set(group, { name: group, members: users.map(user => userKey(user.id)).sort() }),
  }
  for (const caip2 of command.chains) next = registerKnownChain(next, caip2)
  for (const { asset, ...rate } of command.rates)
    next = { ...next, rates: next.rates.set(asset, checkRate(asset, rate)) }
  for (const { name, accounts } of command.masterKeys) {
    require(new Set(accounts).size ===
      accounts.length, 'malformed', `master key ${name}: an account name is there twice`)
    for (const account of accounts) checkName(account, 'account name')
    next = requestMasterKey(next, name, accounts, undefined, at)
  }
  return {
    ...next,
    setup: {
      bodyHash: command.bodyHash,
      ownerGroup: group,
      ownersRequired: approvalsRequired,
      masterKeys: command.masterKeys.map(key => key.name),
    },
  }
}

/** Set-up has finished when every master key it asked for is active. */
export function setupComplete(state: VaultState): boolean {
  return state.setup?.masterKeys.every(name => state.masterKeys.get(name)?.status === 'active') ?? false
}
