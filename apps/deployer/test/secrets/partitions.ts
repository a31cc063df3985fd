import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CreateAliasCommand, CreateKeyCommand, type CreateKeyCommandInput, KMSClient } from '@aws-sdk/client-kms'
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { type AwsDouble, startAwsDouble } from '@trivault/aws-double'
import { expect } from 'vitest'
import { Workplace } from '../run.ts'

/** Accounts of the layout `recommended`: wallet with Policy Node 0, and Policy Node 1. */
export const [A, B] = ['111111111111', '222222222222'] as const
export const secretName = (name: string): string => `bd-wallet.acme-custody.testnet.${name}`

export const aliasOf = (name: string): string => `alias/acme-custody-testnet-${name}`
const signing: CreateKeyCommandInput = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }

/** Two accounts and an identity provider, where admins run the commands of step 12. */
export class Partitions {
  readonly aws: AwsDouble
  readonly issuer: string
  readonly #stop: () => Promise<void>

  private constructor(aws: AwsDouble, issuer: string, stop: () => Promise<void>) {
    this.aws = aws
    this.issuer = issuer
    this.#stop = stop
  }

  static async start(): Promise<Partitions> {
    const jwks = { keys: [{ kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'B'.repeat(43), use: 'sig', kid: '1' }] }
    const provider = createServer((request, response) =>
      response.end(JSON.stringify(request.url === '/jwks' ? jwks : { issuer, jwks_uri: `${issuer}/jwks` })),
    )
    await new Promise<void>(ready => provider.listen(0, '127.0.0.1', ready))
    const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
    const aws = await startAwsDouble({
      region: 'us-east-1',
      accounts: [A, B].map(account => ({ id: account, users: { admin: 'administrator', guest: [] } })),
    })
    return new Partitions(aws, issuer, async () => {
      await aws.stop()
      provider.close()
    })
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

  makeAdminKey(account: string, node: number): Promise<string> {
    return this.makeKey(account, `policy-node${node}-admin`, signing)
  }
}
