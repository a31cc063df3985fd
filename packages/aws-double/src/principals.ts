import { roleByArn } from './credentials.ts'
import { AwsError } from './errors.ts'
import { type Policy, type PolicyKind, parsePolicy } from './iam/document.ts'
import type { StoredPolicy } from './services/iam/store.ts'
import type { World } from './world.ts'

function exists(world: World, arn: string): boolean {
  const [, account = '', kind, name = ''] =
    /^arn:aws:(?:iam|sts)::(\d{12}):(user|role|assumed-role)\/(.+)$/.exec(arn) ?? []
  const iam = world.accounts.get(account)?.iam
  if (kind === 'role') return roleByArn(world, arn) !== undefined
  if (kind === 'assumed-role') return iam?.roles.has(name.split('/')[0] ?? '') ?? false
  return [...(iam?.users.values() ?? [])].some(user => user.arn === arn)
}

function checkPrincipals(world: World, policy: Policy): void {
  for (const pattern of policy.statements.flatMap(({ principals }) => principals ?? [])) {
    const known =
      pattern.kind === 'account'
        ? world.accounts.has(pattern.account)
        : pattern.kind === 'arn'
          ? exists(world, pattern.arn)
          : true
    if (!known) {
      const name = pattern.kind === 'arn' ? pattern.arn : pattern.kind === 'account' ? pattern.account : ''
      throw new AwsError('MalformedPolicyDocument', `policy: invalid principal ${name}: there is no such principal`)
    }
  }
}

/**
 * Parses a policy that is put on something. AWS takes no principal that does not exist, so neither does the double.
 * @throws AwsError `MalformedPolicyDocument`
 */
export function storePolicy(world: World, json: unknown, kind: PolicyKind): StoredPolicy {
  const document: unknown = typeof json === 'string' ? parseText(json) : json
  const policy = parsePolicy(document, kind)
  checkPrincipals(world, policy)
  return { document: document as StoredPolicy['document'], policy }
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new AwsError('MalformedPolicyDocument', 'policy: not JSON')
  }
}
