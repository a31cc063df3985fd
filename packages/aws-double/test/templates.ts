import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation'
import type { AwsDouble } from '../src/index.ts'
import { clientsOf, own } from './start.ts'

const trust = (service: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
})
/** A role of a service, with one statement. */
export const role = (service: string, actions: readonly string[]) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: trust(service),
    Policies: [
      {
        PolicyName: 'own',
        PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] },
      },
    ],
  },
})
export const arn = (name: string) => ({ 'Fn::GetAtt': [name, 'Arn'] })

/** Deploys a stack as the administrator of the first account. */
export async function deployStack(aws: AwsDouble, StackName: string, Resources: object, Outputs: object = {}) {
  const client = new CloudFormationClient(clientsOf(aws, own, 'admin').config)
  const TemplateBody = JSON.stringify({ Resources, Outputs })
  await client.send(
    new CreateStackCommand({ StackName, TemplateBody, Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'] }),
  )
  const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName }))
  const { StackEvents: events = [] } = await client.send(new DescribeStackEventsCommand({ StackName }))
  const failed = events.find(({ ResourceStatus }) => ResourceStatus === 'CREATE_FAILED')
  return { status: stack?.StackStatus, outputs: stack?.Outputs, reason: failed?.ResourceStatusReason, client }
}
