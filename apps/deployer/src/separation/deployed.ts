import type { GrantListEntry } from '@aws-sdk/client-kms'
import type { Context } from '../context.ts'
import { readTemplate } from '../deploy/stack-state.ts'
import { DeployerError } from '../errors.ts'
import { NODE_INDEXES } from '../model.ts'
import { adminKeyAlias, nodeKeyAlias, stackNames } from '../names.ts'
import type { StackTemplate, Template } from '../stacks/checks/index.ts'
import { keyBehind } from '../stacks/checks/node-key.ts'

/**
 * This account's stacks as CloudFormation has them, and the policies of its nodes' keys as KMS has them: a policy can be changed
 * without CloudFormation, which then still shows the old one. Throws DeployerError refused when such a key has grants.
 */
export async function withDeployed(context: Context, planned: readonly StackTemplate[]): Promise<StackTemplate[]> {
  const { account } = await context.caller()
  return Promise.all(
    planned.map(async stack => {
      if (stack.account !== account) return stack
      const template = await readTemplate(context, stack.stack, stack.region)
      if (template === undefined) {
        context.out.warn(`${stack.stack} is not deployed: taken as planned`)
        return stack
      }
      return withKeyPolicies(context, { ...stack, template: template as Template })
    }),
  )
}

async function withKeyPolicies(context: Context, stack: StackTemplate): Promise<StackTemplate> {
  const deployment = context.deployment()
  const node = NODE_INDEXES.find(index => stackNames.policyNodeLongLived(deployment, index) === stack.stack)
  if (node === undefined) return stack
  const withNodeKey = await withKeyPolicy(context, stack, nodeKeyAlias(deployment, node))
  return withKeyPolicy(context, withNodeKey, adminKeyAlias(deployment, node))
}

async function withKeyPolicy(context: Context, stack: StackTemplate, alias: string): Promise<StackTemplate> {
  const id = keyBehind(stack, alias)
  const resource = id === undefined ? undefined : stack.template.Resources[id]
  if (id === undefined || resource === undefined) return stack
  const { KMSClient, DescribeKeyCommand, GetKeyPolicyCommand, paginateListGrants } = await import('@aws-sdk/client-kms')
  const client = context.aws.client(KMSClient, stack.region)
  const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: alias }))
  const KeyId = KeyMetadata?.KeyId
  const { Policy } = await client.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }))
  const grants: GrantListEntry[] = []
  for await (const page of paginateListGrants({ client }, { KeyId })) grants.push(...(page.Grants ?? []))
  if (grants.length > 0)
    throw new DeployerError(
      'refused',
      `the key ${alias} has grants, which go past its policy: ${grants.map(grantText).join('; ')}`,
      `revoke them: aws kms revoke-grant --key-id ${KeyId} --grant-id …`,
    )
  const { MultiRegion, Origin, KeySpec, KeyUsage } = KeyMetadata ?? {}
  const Properties = { ...resource.Properties, KeyPolicy: Policy, MultiRegion, Origin, KeySpec, KeyUsage }
  return { ...stack, template: { Resources: { ...stack.template.Resources, [id]: { ...resource, Properties } } } }
}

const grantText = ({ GrantId, GranteePrincipal, Operations }: GrantListEntry): string =>
  `${GrantId}: ${GranteePrincipal} ${(Operations ?? []).join(', ')}`
