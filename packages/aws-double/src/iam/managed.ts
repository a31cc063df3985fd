import { type Policy, type PolicyDocument, parsePolicy } from './document.ts'

const allow = (...actions: string[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
})

/** AWS managed policies that the stacks use, with the actions that the double knows. */
const documents: Readonly<Record<string, PolicyDocument>> = {
  'arn:aws:iam::aws:policy/AdministratorAccess': allow('*'),
  'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore': allow(
    'ssm:DescribeAssociation',
    'ssm:GetDocument',
    'ssm:GetManifest',
    'ssm:GetParameter',
    'ssm:GetParameters',
    'ssm:ListAssociations',
    'ssm:PutInventory',
    'ssm:UpdateInstanceInformation',
    'ssmmessages:*',
    'ec2messages:*',
  ),
  'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy': allow(
    'ecr:GetAuthorizationToken',
    'ecr:BatchCheckLayerAvailability',
    'ecr:GetDownloadUrlForLayer',
    'ecr:BatchGetImage',
    'logs:CreateLogStream',
    'logs:PutLogEvents',
  ),
}

export function managedPolicy(arn: string): Policy | undefined {
  const document = documents[arn]
  return document && parsePolicy(document, 'identity')
}
