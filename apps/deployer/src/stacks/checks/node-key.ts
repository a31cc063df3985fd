import { type Deployment, NODE_INDEXES, type NodeIndex, type PcrSet } from '../../model.ts'
import { nodeKeyAlias, roleNames, secretId, secretNames, stackNames } from '../../names.ts'
import type { Invariant } from './invariant.ts'
import { grants, isObject, type PolicyStatement, type StackTemplate, statementsOf } from './template.ts'

/** What the host does with its node's secret and pins; whoever writes the pins founds the vault. */
const secretReads = ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret']

/** What yields plaintext of a KMS key, or ciphertext under another one. */
export const plaintextActions = [
  'kms:Decrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:GenerateDataKeyPair',
  'kms:GenerateDataKeyPairWithoutPlaintext',
  'kms:DeriveSharedSecret',
  'kms:ReEncryptFrom',
]

const registers = ['PCR0', 'PCR1', 'PCR2'] as const
const MEASURED = /^[0-9a-f]{96}$/

/**
 * Whether a statement speaks only to an enclave of one set of measurements: of one of `images`, where it is known which programs these
 * are, else of any image. All zeros are those of an enclave in debug mode.
 */
export function isMeasured({ conditions }: PolicyStatement, images?: readonly PcrSet[]): boolean {
  const equal = conditions.StringEqualsIgnoreCase ?? {}
  const told = registers.map(register => equal[`kms:recipientattestation:${register.toLowerCase()}`] ?? [])
  const isForm = told.every(
    ([value, ...more]) => more.length === 0 && typeof value === 'string' && MEASURED.test(value) && !/^0+$/.test(value),
  )
  if (!isForm || images === undefined) return isForm
  return images.some(image => registers.every((register, i) => told[i]?.[0] === image[register].toLowerCase()))
}

/** Whether only one role can use the statement. */
export const isOnlyRole = ({ conditions }: PolicyStatement, arn: string): boolean => {
  const values = conditions.ArnEquals?.['aws:principalarn'] ?? conditions.StringEquals?.['aws:principalarn'] ?? []
  return values.length === 1 && values[0] === arn
}

export const hostArn = (deployment: Deployment, node: NodeIndex) =>
  `arn:aws:iam::${deployment.accounts.wallet}:role/${roleNames.nitroHost(deployment, node)}`

export const nodeOf = ({ stack }: StackTemplate, deployment: Deployment): NodeIndex | undefined =>
  NODE_INDEXES.find(node => stackNames.policyNodeLongLived(deployment, node) === stack)

/** Logical id of the key behind an alias. */
export function keyBehind({ template }: Pick<StackTemplate, 'template'>, alias: string): string | undefined {
  const found = Object.values(template.Resources).find(
    ({ Type, Properties }) => Type === 'AWS::KMS::Alias' && Properties?.AliasName === alias,
  )
  const target = found?.Properties?.TargetKeyId
  return isObject(target) && typeof target.Ref === 'string' ? target.Ref : undefined
}

type NodeCheck = (stack: StackTemplate, deployment: Deployment, node: NodeIndex) => readonly string[]

/** A check of the stacks of Policy Nodes. */
export const ofNode = (name: string, check: NodeCheck): Invariant => ({
  name,
  check: (stack, deployment) => {
    const node = nodeOf(stack, deployment)
    return node === undefined ? [] : check(stack, deployment, node)
  },
})

const keyStatements = (stack: StackTemplate, deployment: Deployment, node: NodeIndex) => {
  const key = keyBehind(stack, nodeKeyAlias(deployment, node))
  return statementsOf(stack).filter(({ resource, property }) => resource === key && property === 'KeyPolicy')
}

export const nodeInvariants: readonly Invariant[] = [
  ofNode('node-key-exists', (stack, deployment, node) =>
    keyStatements(stack, deployment, node).length > 0
      ? []
      : [`${nodeKeyAlias(deployment, node)}: leads to no key of the stack`],
  ),
  ofNode('node-key-made-by-kms', ({ template }, deployment, node) => {
    const id = keyBehind({ template }, nodeKeyAlias(deployment, node))
    const { MultiRegion, Origin } = (id === undefined ? undefined : template.Resources[id]?.Properties) ?? {}
    return [
      ...(MultiRegion === undefined || MultiRegion === false
        ? []
        : [`${id}: other regions can have a copy with another policy`]),
      ...(Origin === undefined || Origin === 'AWS_KMS'
        ? []
        : [`${id}: its key material comes from elsewhere: whoever made it has it`]),
    ]
  }),
  ofNode('pcr-condition', (stack, deployment, node) =>
    keyStatements(stack, deployment, node)
      .filter(statement => grants(statement, plaintextActions) && !isMeasured(statement))
      .map(({ resource, sid, actions }) => `${resource} ${sid}: ${actions.join(', ')} without PCR0, PCR1 and PCR2`),
  ),
  ofNode('node-key-only-its-host', (stack, deployment, node) =>
    keyStatements(stack, deployment, node)
      .filter(statement => grants(statement, plaintextActions) && !isOnlyRole(statement, hostArn(deployment, node)))
      .map(({ resource, sid }) => `${resource} ${sid}: not only for ${hostArn(deployment, node)}`),
  ),
  ofNode('node-key-no-grants', (stack, deployment, node) =>
    keyStatements(stack, deployment, node)
      .filter(statement => grants(statement, ['kms:CreateGrant']))
      .map(({ resource, sid }) => `${resource} ${sid}: a grant can carry Decrypt past the conditions`),
  ),
  ofNode('node-secret-only-its-host', (stack, deployment, node) => {
    const secrets = [secretNames.policyNode(node), secretNames.policyNodePins(node)].map(name =>
      secretId(deployment, name),
    )
    const policies = Object.entries(stack.template.Resources).filter(
      ([, { Type }]) => Type === 'AWS::SecretsManager::ResourcePolicy',
    )
    const open = statementsOf(stack).filter(
      statement =>
        statement.type === 'AWS::SecretsManager::ResourcePolicy' &&
        statement.effect === 'Allow' &&
        !isOnlyRole(statement, hostArn(deployment, node)),
    )
    const more = statementsOf(stack).filter(
      ({ type, effect, actions }) =>
        type === 'AWS::SecretsManager::ResourcePolicy' &&
        effect === 'Allow' &&
        !actions.every(action => secretReads.includes(action)),
    )
    return [
      ...open.map(({ resource, sid }) => `${resource} ${sid}: not only for ${hostArn(deployment, node)}`),
      ...more.map(({ resource, sid }) => `${resource} ${sid}: more than reading`),
      ...policies
        .filter(([, { Properties }]) => Properties?.BlockPublicPolicy !== true)
        .map(([id]) => `${id}: may become public`),
      ...(policies.length === secrets.length ? [] : [`${secrets.join(', ')}: ${policies.length} resource policies`]),
    ]
  }),
  ofNode('node-secret-own-key', ({ template }) =>
    Object.entries(template.Resources)
      .filter(
        ([, { Type, Properties }]) => Type === 'AWS::SecretsManager::Secret' && Properties?.KmsKeyId === undefined,
      )
      .map(([id]) => `${id}: under the key that AWS manages, which no other account can use`),
  ),
]
