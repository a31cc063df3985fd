import { type Deployment, NODE_INDEXES, type NodeIndex, type PcrSet } from '../model.ts'
import { adminKeyAlias, nodeKeyAlias, secretId, secretNames, siteBucketName, stackNames } from '../names.ts'
import { rolesOf, roleTitles } from '../roles.ts'
import { signingActions } from '../stacks/checks/admin-key.ts'
import { accessInvariants, checkTemplates, type StackTemplate } from '../stacks/checks/index.ts'
import { isMeasured, keyBehind, plaintextActions } from '../stacks/checks/node-key.ts'
import { grants, type PolicyStatement, statementsOf } from '../stacks/checks/template.ts'
import { type AnchorTargets, anchorTargets, anchorWays, anchorWrites } from './anchor.ts'
import { accountsNamedIn, administratorOf, may, type Principal, rolesIn, type Target } from './principals.ts'

/** How far somebody comes to one node's key share. */
export interface Reach {
  readonly node: NodeIndex
  /** Plaintext of the node's key outside a measured enclave, or power over the key's policy: then the share counts as reached. */
  readonly key: readonly string[]
  /** The sealed secret: worth nothing without the key. */
  readonly ciphertext: readonly string[]
}

export interface PersonReport {
  readonly person: string
  readonly accounts: readonly string[]
  readonly roles: readonly string[]
  readonly reaches: readonly Reach[]
  /** Nodes whose share this person reaches. */
  readonly shares: readonly NodeIndex[]
}

export interface KeyReport {
  readonly node: NodeIndex
  readonly account: string
  /** Every statement of the key's policy that yields plaintext. */
  readonly statements: readonly {
    readonly sid: string
    /** For an enclave's measurements; `known`: those of an image whose release was checked. */
    readonly measured: boolean
    readonly known: boolean
  }[]
  /** Who can change the policy. */
  readonly changeableBy: readonly string[]
  /** Who can write the node's anchor. */
  readonly anchorWritableBy: readonly string[]
  /** Who can write what the node's admin pinned; the node takes it with the admin's signature only. */
  readonly pinsWritableBy: readonly string[]
  /** Who can sign as the node's admin, or make it so: whoever does so at all nodes founds the vault. */
  readonly signedBy: readonly string[]
}

export interface SeparationReport {
  readonly holds: boolean
  /** What breaks it, one line each. */
  readonly violations: readonly string[]
  readonly people: readonly PersonReport[]
  readonly keys: readonly KeyReport[]
  /** False: no release was there to compare the measurements with, so any enclave's count. */
  readonly compared: boolean
}

export interface SeparationInput {
  readonly deployment: Deployment
  /** Of every account. */
  readonly templates: readonly StackTemplate[]
  /** Account to the person who has all power in it. */
  readonly administrators: Readonly<Record<string, string>>
  /** Measurements of the images whose releases were checked; undefined when none is there. */
  readonly images?: readonly PcrSet[] | undefined
}

/**
 * Who reaches which key share, from the templates alone. A person has the powers of every account that they administer: those
 * of its administrator and, because an administrator can take any of them, those of all its roles. Pure.
 */
export function proveSeparation(input: SeparationInput): SeparationReport {
  const { deployment, templates, administrators, images } = input
  const nodes = NODE_INDEXES.map(node => targetsOf(node, input))
  const app = appTarget(deployment, templates)
  const targets = [app, ...nodes.flatMap(({ key, admin, secret, anchor }) => [key, admin, secret, anchor.table])]
  const named = targets.flatMap(target => accountsNamedIn(target?.statements ?? []))
  const accounts = [
    ...new Set([...templates.map(({ account }) => account), ...Object.keys(administrators), ...named]),
  ].sort()
  const principals = [...accounts.map(administratorOf), ...rolesIn(templates)]
  const people = peopleOf(accounts, administrators).map(({ person, accounts: theirs }): PersonReport => {
    const own = principals.filter(({ account }) => theirs.includes(account))
    const reaches = nodes.map(targets => reachOf(own, targets))
    return {
      person,
      accounts: theirs,
      roles: theirs.flatMap(account => rolesOf(deployment, account)).map(role => roleTitles[role]),
      reaches,
      shares: reaches.filter(({ key }) => key.length > 0).map(({ node }) => node),
    }
  })
  const keys = nodes.map(targets => keyReport(targets, principals))
  const violations = [
    ...nodes.flatMap(({ node, key, admin }) => [
      ...(key === undefined ? [`there is no key of Policy Node ${node} in the templates`] : []),
      ...(admin === undefined ? [`there is no admin key of Policy Node ${node} in the templates`] : []),
    ]),
    ...keys.flatMap(({ node, statements }) => [
      ...statements
        .filter(({ measured }) => !measured)
        .map(({ sid }) => `the key of Policy Node ${node} answers outside a measured enclave (${sid})`),
      ...statements
        .filter(({ measured, known }) => images !== undefined && measured && !known)
        .map(
          ({ sid }) => `the key of Policy Node ${node} answers an enclave image that is of no checked release (${sid})`,
        ),
      ...(statements.some(({ measured }) => measured) ? [] : [`the key of Policy Node ${node} answers no enclave`]),
    ]),
    ...people
      .filter(({ shares }) => shares.length > 1)
      .map(({ person, shares }) => `${person} reaches the key shares of Policy Nodes ${shares.join(', ')}`),
    ...nodes.flatMap(targets => strangers(principals, targets)),
    ...appWriters(principals, app),
    ...appViolations(deployment, administrators),
    ...checkTemplates(templates, deployment, accessInvariants).map(
      ({ stack, invariant, finding }) => `${stack} ${invariant}: ${finding}`,
    ),
  ]
  return { holds: violations.length === 0, violations, people, keys, compared: images !== undefined }
}

interface NodeTargets {
  readonly node: NodeIndex
  readonly account: string
  readonly images: readonly PcrSet[] | undefined
  readonly key: Target | undefined
  /** With which the admin signs. */
  readonly admin: Target | undefined
  readonly secret: Target
  readonly pins: Target
  readonly anchor: AnchorTargets
}

function targetsOf(node: NodeIndex, { deployment, templates, images }: SeparationInput): NodeTargets {
  const account = deployment.accounts.policyNodes[node]
  const { region } = deployment
  const stacks = templates.filter(({ stack }) => stack === stackNames.policyNodeLongLived(deployment, node))
  const of = (filter: (statement: PolicyStatement, stack: StackTemplate) => boolean) =>
    stacks.flatMap(stack => statementsOf(stack).filter(statement => filter(statement, stack)))
  const keyOf = (alias: string): Target | undefined => {
    const keys = stacks.map(stack => keyBehind(stack, alias)).filter(id => id !== undefined)
    if (keys.length === 0) return undefined
    return {
      account,
      arn: `arn:aws:kms:${region}:${account}:key/*`,
      policyDecides: true,
      statements: of(({ resource, property }) => keys.includes(resource) && property === 'KeyPolicy'),
    }
  }
  const secretTarget = (name: string): Target => ({
    account,
    arn: `arn:aws:secretsmanager:${region}:${account}:secret:${secretId(deployment, name)}-??????`,
    policyDecides: false,
    statements: of(({ type }) => type === 'AWS::SecretsManager::ResourcePolicy'),
  })
  return {
    node,
    account,
    images,
    key: keyOf(nodeKeyAlias(deployment, node)),
    admin: keyOf(adminKeyAlias(deployment, node)),
    secret: secretTarget(secretNames.policyNode(node)),
    pins: secretTarget(secretNames.policyNodePins(node)),
    anchor: anchorTargets(deployment, node, stacks.flatMap(statementsOf)),
  }
}

/** The Approver App's files. */
function appTarget(deployment: Deployment, templates: readonly StackTemplate[]): Target {
  const account = deployment.accounts.approverApp
  const bucket = siteBucketName(deployment, 'approver-app', account)
  return {
    account,
    arn: `arn:aws:s3:::${bucket}*`,
    policyDecides: false,
    statements: templates
      .filter(({ stack }) => stack === stackNames.approverApp(deployment))
      .flatMap(statementsOf)
      .filter(({ type }) => type === 'AWS::S3::BucketPolicy'),
  }
}

const policyChanges = ['kms:PutKeyPolicy', 'kms:CreateGrant', 'kms:ReplicateKey', 'kms:ImportKeyMaterial']
const secretWrites = [
  'secretsmanager:DeleteSecret',
  'secretsmanager:PutResourcePolicy',
  'secretsmanager:PutSecretValue',
  'secretsmanager:UpdateSecret',
  'secretsmanager:UpdateSecretVersionStage',
]
const fileWrites = ['s3:DeleteObject', 's3:PutBucketPolicy', 's3:PutObject', 's3:ReplicateObject']

function keyWays(principal: Principal, { key, images }: NodeTargets): string[] {
  if (key === undefined) return []
  const unmeasured = (statement: PolicyStatement) => !isMeasured(statement, images)
  return [
    ...(may(principal, plaintextActions, key, unmeasured) ? [`${principal.name} decrypts`] : []),
    ...(may(principal, policyChanges, key) ? [`${principal.name} changes the key policy`] : []),
  ]
}

/** Its public key is in the node's secret: who signs with it, or makes it so, gives the node its pins and orders. */
const signs = (principal: Principal, { admin }: NodeTargets): boolean =>
  admin !== undefined && (may(principal, signingActions, admin) || may(principal, policyChanges, admin))

function reachOf(principals: readonly Principal[], targets: NodeTargets): Reach {
  return {
    node: targets.node,
    key: principals.flatMap(principal => keyWays(principal, targets)),
    ciphertext: principals
      .filter(principal =>
        may(principal, ['secretsmanager:GetSecretValue', 'secretsmanager:PutResourcePolicy'], targets.secret),
      )
      .map(({ name }) => name),
  }
}

function keyReport(targets: NodeTargets, principals: readonly Principal[]): KeyReport {
  const { node, account, key, anchor, pins, images } = targets
  const names = (target: Target | undefined, actions: readonly string[]) =>
    principals.filter(p => target !== undefined && may(p, actions, target)).map(({ name }) => name)
  const statements = key?.statements.filter(statement => grants(statement, plaintextActions)) ?? []
  return {
    node,
    account,
    statements: statements.map(statement => ({
      sid: statement.sid,
      measured: isMeasured(statement),
      known: images !== undefined && isMeasured(statement, images),
    })),
    changeableBy: names(key, policyChanges),
    anchorWritableBy: names(anchor.table, anchorWrites),
    pinsWritableBy: names(pins, secretWrites),
    signedBy: principals.filter(principal => signs(principal, targets)).map(({ name }) => name),
  }
}

const others = (principals: readonly Principal[], account: string) =>
  principals.filter(({ name }) => name !== administratorOf(account).name)

/** Nobody but the administrator of its account comes to a node's share, pins, anchor or admin key, be it that of another account or a role. */
const strangers = (principals: readonly Principal[], targets: NodeTargets): string[] =>
  others(principals, targets.account).flatMap(other => [
    ...keyWays(other, targets).map(way => `${way} of Policy Node ${targets.node}`),
    ...(may(other, secretWrites, targets.pins) ? [`${other.name} writes the pins of Policy Node ${targets.node}`] : []),
    ...anchorWays(other, targets.anchor).map(way => `${way} of Policy Node ${targets.node}`),
    ...(signs(other, targets) ? [`${other.name} signs as the admin of Policy Node ${targets.node}`] : []),
  ])

const appWriters = (principals: readonly Principal[], app: Target): string[] =>
  others(principals, app.account)
    .filter(other => may(other, fileWrites, app))
    .map(({ name }) => `${name} replaces the files of the Approver App`)

/** Whoever replaces the Approver App's files signs for its users. */
function appViolations({ accounts }: Deployment, administrators: Readonly<Record<string, string>>): string[] {
  const person = administrators[accounts.approverApp] ?? accounts.approverApp
  const infrastructure = administrators[accounts.wallet] ?? accounts.wallet
  return person === infrastructure ? [`${person} runs the wallet and serves the Approver App too`] : []
}

function peopleOf(accounts: readonly string[], administrators: Readonly<Record<string, string>>) {
  const named = accounts.map(account => ({ account, person: administrators[account] ?? `administrator of ${account}` }))
  return [...new Set(named.map(({ person }) => person))].map(person => ({
    person,
    accounts: named.filter(one => one.person === person).map(({ account }) => account),
  }))
}
