import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DeleteAliasCommand,
  DescribeKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms'
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { type AwsDouble, type PolicyDocument, startAwsDouble } from '@trivault/aws-double'
import { expect } from 'vitest'
import { rolesOf } from '../../src/roles.ts'
import { adminPolicy } from '../../src/separation/admin-policy.ts'
import { loadFixture } from '../fixtures/index.ts'
import { Workplace } from '../run.ts'
import { pcrs, synthesise } from '../stacks/layouts.ts'

/** Accounts of the layout `recommended`: wallet with Policy Node 0, and Policy Node 1. */
export const [A, B] = ['111111111111', '222222222222'] as const
export const secretName = (name: string): string => `bd-wallet.acme-custody.testnet.${name}`

export const aliasOf = (name: string): string => `alias/acme-custody-testnet-${name}`
const recommended = loadFixture('recommended')
/** What `admin-policy` prints for the roles of an account. */
const leastOf = (account: string) => rolesOf(recommended, account).map(role => adminPolicy(recommended, role))
const signing: CreateKeyCommandInput = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }

/** Reads and writes secrets, and has no right on a key. */
const keyless: PolicyDocument[] = [
  { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['secretsmanager:*', 'sts:*'], Resource: '*' }] },
]

/** Two accounts and an identity provider, where admins run the commands of step 12. */
export class Partitions {
  readonly aws: AwsDouble
  readonly issuer: string
  readonly #broken: { off: (service: string, operation: string) => boolean }
  readonly #stop: () => Promise<void>

  private constructor(
    aws: AwsDouble,
    issuer: string,
    broken: { off: (service: string, operation: string) => boolean },
    stop: () => Promise<void>,
  ) {
    this.aws = aws
    this.issuer = issuer
    this.#broken = broken
    this.#stop = stop
  }

  static async start(): Promise<Partitions> {
    const jwks = { keys: [{ kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'B'.repeat(43), use: 'sig', kid: '1' }] }
    const provider = createServer((request, response) =>
      response.end(JSON.stringify(request.url === '/jwks' ? jwks : { issuer, jwks_uri: `${issuer}/jwks` })),
    )
    await new Promise<void>(ready => provider.listen(0, '127.0.0.1', ready))
    const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
    const broken = { off: (_service: string, _operation: string): boolean => false }
    const aws = await startAwsDouble({
      region: 'us-east-1',
      hooks: { breaksOff: (service, operation) => broken.off(service, operation) },
      accounts: [A, B].map(account => ({
        id: account,
        users: { admin: 'administrator', keyless, least: leastOf(account) },
      })),
    })
    return new Partitions(aws, issuer, broken, async () => {
      await aws.stop()
      provider.close()
    })
  }

  /** Calls to AWS that shall be broken off from now on. */
  hinder(which: (service: string, operation: string) => boolean): void {
    this.#broken.off = which
  }

  stop(): Promise<void> {
    return this.#stop()
  }

  /** Configuration of an SDK client of the account's administrator. */
  asAdmin(account: string) {
    const { accessKeyId, secretAccessKey } = this.aws.credentialsFor(account, 'admin')
    return { region: 'us-east-1', endpoint: this.aws.endpoint, credentials: { accessKeyId, secretAccessKey } }
  }

  run(place: Workplace, account: string, ...args: string[]) {
    return place.run(args, this.aws.environmentFor(account, 'admin'))
  }

  /** What a command says that must succeed. */
  async ok(place: Workplace, account: string, ...args: string[]): Promise<string> {
    const result = await this.run(place, account, ...args)
    expect([args, result.code, result.err]).toEqual([args, 0, result.err])
    return result.out
  }

  async workplace(account: string): Promise<Workplace> {
    const place = new Workplace('recommended')
    await this.ok(place, account, 'generate-customer-assets')
    return place
  }

  async secretOf(account: string, name: string): Promise<string> {
    const client = new SecretsManagerClient(this.asAdmin(account))
    return (await client.send(new GetSecretValueCommand({ SecretId: secretName(name) }))).SecretString ?? ''
  }

  async putSecret(account: string, name: string, SecretString: string): Promise<void> {
    const client = new SecretsManagerClient(this.asAdmin(account))
    await client.send(new PutSecretValueCommand({ SecretId: secretName(name), SecretString }))
  }

  /** A key with the alias that a node's stack would give it. Returns its id. */
  async makeKey(account: string, alias: string, input: CreateKeyCommandInput = {}): Promise<string> {
    const kms = new KMSClient(this.asAdmin(account))
    const { KeyMetadata } = await kms.send(new CreateKeyCommand(input))
    await kms.send(new CreateAliasCommand({ AliasName: aliasOf(alias), TargetKeyId: KeyMetadata?.KeyId }))
    return KeyMetadata?.KeyId ?? ''
  }

  /** The anchor's table and its user, as a node's stack makes them. */
  async makeAnchor(account: string, node: 0 | 1): Promise<void> {
    const [stack] = synthesise(recommended, [{ kind: 'policy-node-long-lived', node, pcrs: [pcrs] }])
    const { Anchor, AnchorUser } = stack?.template.Resources ?? {}
    const client = new CloudFormationClient(this.asAdmin(account))
    const StackName = `anchor-of-node${node}`
    const TemplateBody = JSON.stringify({ Resources: { Anchor, AnchorUser } })
    await client.send(new CreateStackCommand({ StackName, TemplateBody, Capabilities: ['CAPABILITY_NAMED_IAM'] }))
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName }))
    expect(Stacks?.[0]?.StackStatus).toBe('CREATE_COMPLETE')
  }

  makeAdminKey(account: string, node: number): Promise<string> {
    return this.makeKey(account, `policy-node${node}-admin`, signing)
  }

  /** Somebody lets an alias stand for another key of theirs. */
  async moveAlias(account: string, AliasName: string): Promise<{ key: string; back(): Promise<void> }> {
    const kms = new KMSClient(this.asAdmin(account))
    const { KeyMetadata: before } = await kms.send(new DescribeKeyCommand({ KeyId: AliasName }))
    const { KeyMetadata: other } = await kms.send(new CreateKeyCommand(signing))
    const point = async (TargetKeyId: string | undefined): Promise<void> => {
      await kms.send(new DeleteAliasCommand({ AliasName }))
      await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId }))
    }
    await point(other?.KeyId)
    return { key: other?.KeyId ?? '', back: () => point(before?.KeyId) }
  }
}
