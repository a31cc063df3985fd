import type { ExactBodyOf } from '@trivault/api-contract'
import { utf8 } from '@trivault/codec'
import { type CommandOf, sha256 } from '@trivault/protocol'

/** The log's command for the contract's set-up body. The same body gives the same hash, whatever its key order. */
export function setupCommand(body: ExactBodyOf<'setupDefaultTenant'>): CommandOf<'setup'> {
  const masterKeys = Object.entries(body.MasterKeysAndAccounts ?? {}).map(([name, accounts]) => ({
    name,
    accounts: [...accounts],
  }))
  masterKeys.sort((a, b) => (a.name < b.name ? -1 : 1))
  const content = {
    users: (body.Users ?? []).map(user => ({ id: user.ID, name: user.Name })),
    group: body.Group ?? 'owner',
    approvalsRequired: body.ApprovalsRequired ?? 1,
    rates: (body.Rates ?? []).map(rate => ({
      asset: rate.Asset,
      usdRate: rate.USDRate,
      usdMin: rate.USDMin,
      usdMax: rate.USDMax,
    })),
    masterKeys,
    chains: [...(body.Assets?.CAIP2s ?? [])],
  }
  return { type: 'setup', bodyHash: sha256(utf8(JSON.stringify(content))), ...content }
}
