import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyPolicyCommand,
  GetPublicKeyCommand,
  KMSClient,
  PutKeyPolicyCommand,
  SignCommand,
} from '@aws-sdk/client-kms'
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { AwsDouble } from '@trivault/aws-double'
import { adminKeyOfSpki, adminSignatureOfDer, isSignedByAdmin } from '@trivault/protocol'
import { describe, expect, it } from 'vitest'
import { adminKeyAlias, nodeKeyAlias } from '../../src/names.ts'
import { loadFixture } from '../fixtures/index.ts'
import type { Run } from '../run.ts'
import { nodeOne, wallet } from './environment.ts'

const deployment = loadFixture('recommended')

/** Who opens what with the deployed key of Policy Node 1; `as` runs the deployer. */
export function describeDeployedKey(
  aws: () => AwsDouble,
  as: (account: string, ...args: string[]) => Promise<Run>,
): void {
  describe('the key of Policy Node 1, as deployed', () => {
    const host = 'acme-custody-testnet-policy-node1-host'
    const context = { deploymentId: 'acme-custody.testnet', node: '1' }
    const alias = (account: string) => `arn:aws:kms:us-east-1:${account}:${nodeKeyAlias(deployment, 1)}`
    const kms = (account: string, name: string) =>
      new KMSClient({ region: 'us-east-1', endpoint: aws().endpoint, credentials: aws().credentialsFor(account, name) })
    const sealed = async (EncryptionContext = context) =>
      kms(nodeOne, 'admin').send(
        new EncryptCommand({ KeyId: alias(nodeOne), Plaintext: new Uint8Array(32), EncryptionContext }),
      )

    it('seals what its admin gives, for this node only', async () => {
      expect((await sealed()).CiphertextBlob).toBeDefined()
      await expect(sealed({ ...context, node: '2' })).rejects.toThrow('not authorized')
    })

    it.each([
      ['its admin', nodeOne, 'admin'],
      ['the infrastructure admin', wallet, 'admin'],
      ['its own host, outside an enclave', wallet, host],
      ["node 0's host", wallet, 'acme-custody-testnet-policy-node0-host'],
      ['the wallet', wallet, 'acme-custody-testnet-wallet-task'],
    ])('does not open for %s', async (_who, account, name) => {
      const { CiphertextBlob } = await sealed()
      const opening = kms(account, name).send(
        new DecryptCommand({ KeyId: alias(nodeOne), CiphertextBlob, EncryptionContext: context }),
      )
      await expect(opening).rejects.toThrow('not authorized')
    })

    it.each([
      ['its admin', nodeOne, 'admin'],
      ['its host', wallet, host],
    ])('gives %s no data key', async (_who, account, name) => {
      const KeyId = alias(nodeOne)
      await expect(kms(account, name).send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))).rejects.toThrow(
        'not authorized',
      )
    })

    it("has a secret that its host reads, and neither another node's host nor its admin", async () => {
      const SecretId = `arn:aws:secretsmanager:us-east-1:${nodeOne}:secret:bd-wallet.acme-custody.testnet.policy-node1`
      const secrets = (account: string, name: string) =>
        new SecretsManagerClient({
          region: 'us-east-1',
          endpoint: aws().endpoint,
          credentials: aws().credentialsFor(account, name),
        })
      const get = new GetSecretValueCommand({ SecretId })
      await secrets(nodeOne, 'admin').send(new PutSecretValueCommand({ SecretId, SecretString: 'sealed' }))
      expect((await secrets(wallet, host).send(get)).SecretString).toBe('sealed')
      for (const [account, name] of [
        [nodeOne, 'admin'],
        [wallet, 'admin'],
        [wallet, 'acme-custody-testnet-policy-node2-host'],
        [wallet, 'acme-custody-testnet-wallet-execution'],
      ] as const)
        await expect(secrets(account, name).send(get)).rejects.toThrow('not authorized')
    })
  })

  describe('the admin key of Policy Node 1, as deployed', () => {
    const host = 'acme-custody-testnet-policy-node1-host'
    const KeyId = `arn:aws:kms:us-east-1:${nodeOne}:${adminKeyAlias(deployment, 1)}`
    const kms = (account: string, name: string) =>
      new KMSClient({ region: 'us-east-1', endpoint: aws().endpoint, credentials: aws().credentialsFor(account, name) })
    const digest = { Message: new Uint8Array(32), MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' } as const

    it('signs digests for its admin, and nothing else', async () => {
      const admin = kms(nodeOne, 'admin')
      const { PublicKey = new Uint8Array() } = await admin.send(new GetPublicKeyCommand({ KeyId }))
      const { Signature = new Uint8Array() } = await admin.send(new SignCommand({ KeyId, ...digest }))
      const signature = adminSignatureOfDer(Signature)
      expect(isSignedByAdmin(adminKeyOfSpki(PublicKey), digest.Message, signature)).toBe(true)
      const raw = new SignCommand({ KeyId, ...digest, MessageType: 'RAW' })
      await expect(admin.send(raw)).rejects.toThrow('not authorized')
    })

    it.each([
      ['the infrastructure admin', wallet, 'admin'],
      ["another node's admin", '333333333333', 'admin'],
      ['its own host', wallet, host],
      ["node 0's host", wallet, 'acme-custody-testnet-policy-node0-host'],
      ['the wallet', wallet, 'acme-custody-testnet-wallet-task'],
    ])('does not sign for %s', async (_who, account, name) => {
      await expect(kms(account, name).send(new SignCommand({ KeyId, ...digest }))).rejects.toThrow('not authorized')
    })
  })

  describe.each([
    ['key', nodeKeyAlias, 'kms:PutKeyPolicy', 'changes the key policy of Policy Node 1'],
    ['admin key', adminKeyAlias, 'kms:Sign', 'signs as the admin of Policy Node 1'],
  ])('the %s of Policy Node 1, changed without CloudFormation', (_what, aliasOf, Action, told) => {
    it('is seen by prove-separation --deployed', async () => {
      const kms = new KMSClient({
        region: 'us-east-1',
        endpoint: aws().endpoint,
        credentials: aws().credentialsFor(nodeOne, 'admin'),
      })
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: aliasOf(deployment, 1) }))
      const KeyId = KeyMetadata?.KeyId
      const { Policy = '' } = await kms.send(new GetKeyPolicyCommand({ KeyId }))
      const wider = JSON.parse(Policy)
      wider.Statement.push({
        Sid: 'Wider',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${wallet}:root` },
        Action,
        Resource: '*',
      })
      await kms.send(new PutKeyPolicyCommand({ KeyId, Policy: JSON.stringify(wider) }))
      const { code, out } = await as(nodeOne, 'prove-separation', '--deployed')
      await kms.send(new PutKeyPolicyCommand({ KeyId, Policy }))
      expect(out).toContain(`administrator of ${wallet} ${told}`)
      expect(code).toBe(3)
      expect(await as(nodeOne, 'prove-separation', '--deployed')).toMatchObject({ code: 0 })
    })
  })
}
