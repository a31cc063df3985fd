import type { Environment } from './rules.ts'

/** The body of `POST /api/tenants/default/setup`, as far as the checks look into it. */
export interface TenantSetup {
  readonly Users?: readonly { readonly ID: string; readonly Name: string }[]
  readonly Group?: string
  readonly ApprovalsRequired?: number
  readonly MasterKeysAndAccounts?: Readonly<Record<string, readonly string[]>>
  readonly Assets?: { readonly CAIP2s?: readonly string[] }
}

/** A set-up for an environment: the founders are the owners, one hot master key, the chains of the wallet. */
export function tenantSetupText(environment: Environment): string {
  const { adminUsers, chains } = environment
  const { founders, approvalsRequired } = environment.founding
  const nameOf = (email: string): string =>
    adminUsers.find(user => user.email.toLowerCase() === email.toLowerCase())?.name ?? email
  const setup: TenantSetup = {
    Users: founders.map(ID => ({ ID, Name: nameOf(ID) })),
    Group: 'owner',
    ApprovalsRequired: approvalsRequired,
    MasterKeysAndAccounts: { hot: ['treasury'] },
    Assets: { CAIP2s: chains },
  }
  return `${JSON.stringify(setup, null, 2)}\n`
}
