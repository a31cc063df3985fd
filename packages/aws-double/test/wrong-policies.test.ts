import { generateKeyPairSync } from 'node:crypto'
import { CreateRoleCommand, GetRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  PutKeyPolicyCommand,
} from '@aws-sdk/client-kms'
import { CreateSecretCommand, GetSecretValueCommand, PutResourcePolicyCommand } from '@aws-sdk/client-secrets-manager'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import { openCiphertextForRecipient } from '@trivault/attestation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AwsDouble, PolicyDocument } from '../src/index.ts'
import { allow, clientsOf, enclaveOf, other, own, region, startTwoAccounts } from './start.ts'

// Policies that are wrong, and would do no harm in a double that permits what nobody forbids.

let aws: AwsDouble
beforeAll(async () => {
  aws = await startTwoAccounts()
})
afterAll(() => aws.stop())

const image = 'a1'.repeat(48)
const root = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` })
const document = (...statements: object[]): PolicyDocument => ({ Version: '2012-10-17', Statement: statements })
const manage = {
  Effect: 'Allow',
  Principal: root(own),
  Action: ['kms:Encrypt', 'kms:PutKeyPolicy', 'kms:CreateAlias', 'kms:DescribeKey'],
  Resource: '*',
}
const decrypt = (rest: object) => ({
  Effect: 'Allow',
  Principal: root(other),
  Action: 'kms:Decrypt',
  Resource: '*',
  ...rest,
})
const measured = { Condition: { StringEqualsIgnoreCase: { 'kms:RecipientAttestation:PCR0': image } } }

const admin = () => clientsOf(aws, own, 'admin')
const reader = () => clientsOf(aws, other, 'reader')

/** A key under a policy, and something that it has encrypted. */
async function sealed(policy: PolicyDocument, context: Record<string, string> = {}) {
  const { kms } = admin()
  const { KeyMetadata: key } = await kms.send(new CreateKeyCommand({ Policy: JSON.stringify(policy) }))
  const plaintext = new TextEncoder().encode('the secret of a node, thirty-two')
  const { CiphertextBlob } = await kms.send(
    new EncryptCommand({ KeyId: key?.Arn, Plaintext: plaintext, EncryptionContext: context }),
  )
  return { arn: key?.Arn ?? '', CiphertextBlob, EncryptionContext: context, plaintext }
}

async function attested(pcr0: string, root: AwsDouble = aws) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  const AttestationDocument = await enclaveOf(root, pcr0).attest({ publicKey: spki })
  return { privateKey, Recipient: { AttestationDocument, KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' as const } }
}

const denied = { name: expect.stringMatching(/AccessDenied/) }

describe('a key that shall answer one enclave', () => {
  test('right: it answers that enclave, and nobody in the clear', async () => {
    const { CiphertextBlob, plaintext } = await sealed(document(manage, decrypt(measured)))
    const { Recipient, privateKey } = await attested(image)
    const answer = await reader().kms.send(new DecryptCommand({ CiphertextBlob, Recipient }))
    expect(answer.Plaintext).toBeUndefined()
    const cms = answer.CiphertextForRecipient ?? new Uint8Array()
    expect(openCiphertextForRecipient(cms, privateKey, plaintext.length)).toEqual(plaintext)
    await expect(reader().kms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject(denied)
  })

  test('1. no condition at all: the host decrypts in the clear, and the test sees it', async () => {
    const { CiphertextBlob, plaintext } = await sealed(document(manage, decrypt({})))
    const { Plaintext } = await reader().kms.send(new DecryptCommand({ CiphertextBlob }))
    expect(Plaintext).toEqual(plaintext)
  })

  test('2. …IfExists in place of the condition lets whoever leaves the document out', async () => {
    const weak = { Condition: { StringEqualsIgnoreCaseIfExists: { 'kms:RecipientAttestation:PCR0': image } } }
    const { CiphertextBlob, plaintext } = await sealed(document(manage, decrypt(weak)))
    const { Plaintext } = await reader().kms.send(new DecryptCommand({ CiphertextBlob }))
    expect(Plaintext).toEqual(plaintext)
  })

  test('3. a second statement without the condition opens the key', async () => {
    const { CiphertextBlob, plaintext } = await sealed(
      document(manage, decrypt(measured), decrypt({ Principal: root(own) })),
    )
    const { Plaintext } = await admin().kms.send(new DecryptCommand({ CiphertextBlob }))
    expect(Plaintext).toEqual(plaintext)
  })

  test('4. the measurement of another image', async () => {
    const { CiphertextBlob } = await sealed(document(manage, decrypt(measured)))
    const { Recipient } = await attested('b2'.repeat(48))
    await expect(reader().kms.send(new DecryptCommand({ CiphertextBlob, Recipient }))).rejects.toMatchObject(denied)
  })

  test('5. a document under another root, or of a debug enclave, counts for nothing', async () => {
    const { CiphertextBlob } = await sealed(document(manage, decrypt(measured)))
    const stranger = await startTwoAccounts()
    const foreign = await attested(image, stranger)
    await stranger.stop()
    const refusedWith = { name: 'ValidationException' }
    await expect(
      reader().kms.send(new DecryptCommand({ CiphertextBlob, Recipient: foreign.Recipient })),
    ).rejects.toMatchObject(refusedWith)
    const debug = await attested('00'.repeat(48))
    await expect(
      reader().kms.send(new DecryptCommand({ CiphertextBlob, Recipient: debug.Recipient })),
    ).rejects.toMatchObject(refusedWith)
  })

  test('6. PRC0: a key that no request ever has is refused when the policy is put', async () => {
    const typo = { Condition: { StringEquals: { 'kms:RecipientAttestation:PRC0': image } } }
    await expect(sealed(document(manage, decrypt(typo)))).rejects.toMatchObject({
      name: 'MalformedPolicyDocumentException',
    })
  })

  test('7. the encryption context of another node', async () => {
    const bound = { Condition: { StringEquals: { 'kms:EncryptionContext:node': '1' } } }
    const { CiphertextBlob, EncryptionContext } = await sealed(document(manage, decrypt(bound)), { node: '0' })
    await expect(reader().kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))).rejects.toMatchObject(
      denied,
    )
    const claimed = new DecryptCommand({ CiphertextBlob, EncryptionContext: { node: '1' } })
    await expect(reader().kms.send(claimed)).rejects.toMatchObject({ name: 'InvalidCiphertextException' })
  })
})

describe('who is named', () => {
  test('8. the wrong account', async () => {
    const { CiphertextBlob } = await sealed(document(manage, decrypt({ Principal: root(own) })))
    await expect(reader().kms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject(denied)
  })

  test('9. the other account may, its user has no policy of its own', async () => {
    const { CiphertextBlob } = await sealed(document(manage, decrypt({})))
    const { kms } = clientsOf(aws, other, 'nobody')
    await expect(kms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject(denied)
  })

  test('10. an administrator whom the key policy leaves out', async () => {
    const { CiphertextBlob } = await sealed(document(manage))
    await expect(admin().kms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject(denied)
    const { kms } = clientsOf(aws, own, 'root')
    await expect(kms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject(denied)
  })

  test('11. a role that does not exist yet cannot be named; the account and a condition on the role can', async () => {
    const role = 'arn:aws:iam::222222222222:role/host-of-tomorrow'
    const named = sealed(document(manage, decrypt({ Principal: { AWS: role } })))
    await expect(named).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' })
    const { CiphertextBlob, plaintext } = await sealed(
      document(manage, decrypt({ Condition: { ArnEquals: { 'aws:PrincipalArn': role } } })),
    )
    await expect(reader().kms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject(denied)
    const { iam } = clientsOf(aws, other, 'admin')
    const trust = document({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' })
    await iam.send(
      new CreateRoleCommand({ RoleName: 'host-of-tomorrow', AssumeRolePolicyDocument: JSON.stringify(trust) }),
    )
    const host = () => clientsOf(aws, other, 'host-of-tomorrow')
    await expect(host().kms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject(denied)
    const PolicyDocument = JSON.stringify(allow('kms:Decrypt'))
    await iam.send(new PutRolePolicyCommand({ RoleName: 'host-of-tomorrow', PolicyName: 'own', PolicyDocument }))
    expect((await host().kms.send(new DecryptCommand({ CiphertextBlob }))).Plaintext).toEqual(plaintext)
  })

  test('12. a role that trusts a service cannot be assumed by an administrator', async () => {
    const { iam, sts } = admin()
    const trust = document({
      Effect: 'Allow',
      Principal: { Service: 'ecs-tasks.amazonaws.com' },
      Action: 'sts:AssumeRole',
    })
    await iam.send(new CreateRoleCommand({ RoleName: 'task', AssumeRolePolicyDocument: JSON.stringify(trust) }))
    const RoleArn = `arn:aws:iam::${own}:role/task`
    await expect(sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'me' }))).rejects.toMatchObject(denied)
  })

  test('13. IAM without iam:CreateRole, and a condition on tags that are not given', async () => {
    const { iam } = clientsOf(aws, own, 'nobody')
    const trust = JSON.stringify(document({ Effect: 'Allow', Principal: root(own), Action: 'sts:AssumeRole' }))
    await expect(
      iam.send(new CreateRoleCommand({ RoleName: 'x', AssumeRolePolicyDocument: trust })),
    ).rejects.toMatchObject(denied)
    await expect(iam.send(new GetRoleCommand({ RoleName: 'x' }))).rejects.toMatchObject(denied)
  })

  test('14. a key policy that would lock its author out', async () => {
    const { kms } = admin()
    const lock = JSON.stringify(document(decrypt({})))
    await expect(kms.send(new CreateKeyCommand({ Policy: lock }))).rejects.toMatchObject({
      name: 'MalformedPolicyDocumentException',
    })
    const { arn } = await sealed(document(manage))
    const put = new PutKeyPolicyCommand({ KeyId: arn, Policy: lock })
    await expect(kms.send(put)).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' })
  })

  test('management of a key by its alias, and key material from outside', async () => {
    const { kms } = admin()
    const { arn } = await sealed(document(manage))
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/managed', TargetKeyId: arn }))
    const put = new PutKeyPolicyCommand({ KeyId: 'alias/managed', Policy: JSON.stringify(document(manage)) })
    await expect(kms.send(put)).rejects.toMatchObject({ name: 'NotFoundException' })
    const external = new CreateKeyCommand({ Policy: JSON.stringify(document(manage)), Origin: 'EXTERNAL' })
    await expect(kms.send(external)).rejects.toMatchObject({ name: 'NotInAwsDouble' })
  })

  test('21. an alias answers in its own account and region only by its name', async () => {
    const { arn, CiphertextBlob } = await sealed(
      document(manage, decrypt({ Condition: { StringEquals: { 'kms:RequestAlias': 'alias/node0' } } })),
    )
    await admin().kms.send(new CreateAliasCommand({ AliasName: 'alias/node0', TargetKeyId: arn }))
    const byAlias = `arn:aws:kms:${region}:${own}:alias/node0`
    const { kms } = reader()
    expect((await kms.send(new DecryptCommand({ CiphertextBlob, KeyId: byAlias }))).KeyId).toBe(arn)
    await expect(kms.send(new DecryptCommand({ CiphertextBlob, KeyId: arn }))).rejects.toMatchObject(denied)
    await expect(kms.send(new DecryptCommand({ CiphertextBlob, KeyId: 'alias/node0' }))).rejects.toMatchObject({
      name: 'NotFoundException',
    })
  })
})

describe('secrets', () => {
  async function secretUnder(name: string, keyPolicy: PolicyDocument | undefined, policy: PolicyDocument) {
    const { secrets, kms } = admin()
    const KmsKeyId =
      keyPolicy && (await kms.send(new CreateKeyCommand({ Policy: JSON.stringify(keyPolicy) }))).KeyMetadata?.Arn
    const { ARN = '' } = await secrets.send(new CreateSecretCommand({ Name: name, KmsKeyId, SecretString: 'value' }))
    await secrets.send(new PutResourcePolicyCommand({ SecretId: ARN, ResourcePolicy: JSON.stringify(policy) }))
    return new GetSecretValueCommand({ SecretId: ARN })
  }
  const reads = document({
    Effect: 'Allow',
    Principal: root(other),
    Action: 'secretsmanager:GetSecretValue',
    Resource: '*',
  })
  const stores = {
    Effect: 'Allow',
    Principal: root(own),
    Action: ['kms:GenerateDataKey', 'kms:Decrypt', 'kms:PutKeyPolicy'],
    Resource: '*',
  }
  const via = (service: string) => ({
    Condition: { StringEquals: { 'kms:ViaService': `${service}.${region}.amazonaws.com` } },
  })

  test('right: both policies and the identity policy let the other account read', async () => {
    const get = await secretUnder('shared', document(stores, decrypt(via('secretsmanager'))), reads)
    expect((await reader().secrets.send(get)).SecretString).toBe('value')
  })

  test('15. the secret may be read, its key may not be used', async () => {
    const get = await secretUnder('no-key', document(stores), reads)
    await expect(reader().secrets.send(get)).rejects.toMatchObject(denied)
  })

  test('16. the key may be used through another service only', async () => {
    const get = await secretUnder('wrong-service', document(stores, decrypt(via('s3'))), reads)
    await expect(reader().secrets.send(get)).rejects.toMatchObject(denied)
  })

  test("17. without a key of its own no other account reads it, whatever the secret's policy says", async () => {
    const get = await secretUnder('default-key', undefined, reads)
    await expect(reader().secrets.send(get)).rejects.toMatchObject(denied)
  })

  test('18. a deny for all but one role stops the administrator too', async () => {
    const host = `arn:aws:iam::${other}:role/host`
    const others = { Effect: 'Deny', Principal: '*', Action: 'secretsmanager:GetSecretValue', Resource: '*' }
    const policy = document({ ...others, Condition: { ArnNotEquals: { 'aws:PrincipalArn': host } } })
    const get = await secretUnder('host-only', undefined, policy)
    await expect(admin().secrets.send(get)).rejects.toMatchObject(denied)
    const { secrets } = clientsOf(aws, own, 'root')
    await expect(secrets.send(get)).rejects.toMatchObject(denied)
  })
})
