import { type Deployment, NODE_INDEXES, type NodeIndex } from './model.ts'

/** People who install a vault. In the recommended layout Actor A is infrastructure admin and Policy Node 0 admin. */
export const roles = [
  'infrastructure-admin',
  'policy-node0-admin',
  'policy-node1-admin',
  'policy-node2-admin',
  'app-admin',
] as const
export type Role = (typeof roles)[number]

export const nodeAdmin = (node: NodeIndex): Role => `policy-node${node}-admin`

export const roleTitles: Readonly<Record<Role, string>> = {
  'infrastructure-admin': 'infrastructure admin',
  'policy-node0-admin': 'Policy Node 0 admin',
  'policy-node1-admin': 'Policy Node 1 admin',
  'policy-node2-admin': 'Policy Node 2 admin',
  'app-admin': 'Approver App admin',
}

export function accountOf(deployment: Pick<Deployment, 'accounts'>, role: Role): string {
  const { wallet, policyNodes, approverApp } = deployment.accounts
  if (role === 'infrastructure-admin') return wallet
  if (role === 'app-admin') return approverApp
  return policyNodes[NODE_INDEXES.find(node => nodeAdmin(node) === role) ?? 0]
}

/** The roles that an account has in this environment; none for a foreign account. */
export const rolesOf = (deployment: Pick<Deployment, 'accounts'>, account: string): Role[] =>
  roles.filter(role => accountOf(deployment, role) === account)
