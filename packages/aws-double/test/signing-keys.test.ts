import { createHash, createPublicKey, verify } from 'node:crypto'
import { DescribeStacksCommand, UpdateStackCommand } from '@aws-sdk/client-cloudformation'
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetPublicKeyCommand,
  type KMSClient,
  SignCommand,
} from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AwsDouble } from '../src/index.ts'
import { clientsOf, other, own, startTwoAccounts } from './start.ts'
import { deployStack } from './templates.ts'

let aws: AwsDouble
beforeAll(async () => {
  aws = await startTwoAccounts()
})
afterAll(() => aws.stop())

const statement = (account: string, Action: readonly string[], rest: object = {}) => ({
  ...{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action, Resource: '*' },
  ...rest,
})
const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement })
const admin = () => clientsOf(aws, own, 'admin').kms
const message = new TextEncoder().encode('what the admin says')
const digest = new Uint8Array(createHash('sha256').update(message).digest())

async function signingKey(...more: object[]): Promise<string> {
  const Policy = policy(statement(own, ['kms:*']), ...more)
  const made = await admin().send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', Policy }))
  return made.KeyMetadata?.Arn ?? ''
}

const signing = (KeyId: string, rest: Partial<SignCommand['input']> = {}) =>
  new SignCommand({ KeyId, Message: digest, MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256', ...rest })
const sign = async (KeyId: string, by: KMSClient = admin(), rest: Partial<SignCommand['input']> = {}) =>
  (await by.send(signing(KeyId, rest))).Signature ?? new Uint8Array()

test('a key signs a digest or a message, and its public key verifies both', async () => {
  const KeyId = await signingKey()
  const answer = await admin().send(new GetPublicKeyCommand({ KeyId }))
  expect(answer).toMatchObject({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  expect(answer.SigningAlgorithms).toEqual(['ECDSA_SHA_256'])
  const key = createPublicKey({ key: Buffer.from(answer.PublicKey ?? []), format: 'der', type: 'spki' })
  const raw = await sign(KeyId, admin(), { Message: message, MessageType: 'RAW' })
  for (const signature of [await sign(KeyId), raw]) {
    expect(verify('sha256', message, key, signature)).toBe(true)
    expect(verify('sha256', digest, key, signature)).toBe(false)
  }
  const { KeyMetadata } = await admin().send(new DescribeKeyCommand({ KeyId }))
  expect(KeyMetadata).toMatchObject({ KeySpec: 'ECC_NIST_P256', SigningAlgorithms: ['ECDSA_SHA_256'] })
  expect(KeyMetadata?.EncryptionAlgorithms).toBeUndefined()
})

test('KMS leaves s in either half: who wants one of them brings it there', async () => {
  const KeyId = await signingKey()
  const halves = new Set<boolean>()
  for (let tries = 0; tries < 40 && halves.size < 2; tries++) {
    const Message = new Uint8Array(createHash('sha256').update(`${tries}`).digest())
    const der = Buffer.from(await sign(KeyId, admin(), { Message }))
    // s is the last integer of the sequence; with its highest bit set DER puts a zero before it.
    const s = der.subarray(6 + (der[3] ?? 0))
    halves.add(s.length === 33)
  }
  expect([...halves].sort()).toEqual([false, true])
})

test('what such a key does not do', async () => {
  const KeyId = await signingKey()
  const usage = { name: 'InvalidKeyUsageException' }
  const { CiphertextBlob } = await encryptUnderAnother()
  await expect(admin().send(new EncryptCommand({ KeyId, Plaintext: message }))).rejects.toMatchObject(usage)
  await expect(admin().send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))).rejects.toMatchObject(usage)
  await expect(admin().send(new DecryptCommand({ KeyId, CiphertextBlob }))).rejects.toMatchObject(usage)
  await expect(sign(KeyId, admin(), { SigningAlgorithm: 'ECDSA_SHA_384' })).rejects.toMatchObject(usage)
  await expect(sign(KeyId, admin(), { Message: digest.subarray(1) })).rejects.toMatchObject({
    name: 'ValidationException',
  })
  await expect(admin().send(new EnableKeyRotationCommand({ KeyId }))).rejects.toMatchObject({
    name: 'UnsupportedOperationException',
  })
})

const encryptUnderAnother = async () => {
  const { KeyMetadata } = await admin().send(new CreateKeyCommand({}))
  return admin().send(new EncryptCommand({ KeyId: KeyMetadata?.Arn, Plaintext: message }))
}

test('a key that encrypts neither signs nor has a public key', async () => {
  const { KeyMetadata } = await admin().send(new CreateKeyCommand({}))
  const KeyId = KeyMetadata?.Arn ?? ''
  await expect(sign(KeyId)).rejects.toMatchObject({ name: 'InvalidKeyUsageException' })
  await expect(admin().send(new GetPublicKeyCommand({ KeyId }))).rejects.toMatchObject({
    name: 'UnsupportedOperationException',
  })
  const unfit = new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256' })
  await expect(admin().send(unfit)).rejects.toMatchObject({ name: 'ValidationException' })
})

test('who signs is for the key policy, also for the account that only reads the public key', async () => {
  const digests = { Condition: { StringEquals: { 'kms:MessageType': 'DIGEST' } } }
  const KeyId = await signingKey(statement(other, ['kms:GetPublicKey']))
  const guest = clientsOf(aws, other, 'admin').kms
  expect((await guest.send(new GetPublicKeyCommand({ KeyId }))).PublicKey).toBeDefined()
  await expect(sign(KeyId, guest)).rejects.toMatchObject({ name: expect.stringMatching(/AccessDenied/) })
  await expect(sign(KeyId, clientsOf(aws, own, 'nobody').kms)).rejects.toMatchObject({
    name: expect.stringMatching(/AccessDenied/),
  })
  const shared = await signingKey(statement(other, ['kms:Sign'], digests))
  expect((await sign(shared, guest)).length).toBeGreaterThan(60)
  await expect(sign(shared, guest, { Message: message, MessageType: 'RAW' })).rejects.toMatchObject({
    name: expect.stringMatching(/AccessDenied/),
  })
})

test('CloudFormation makes such a key, without rotation, and never another out of it', async () => {
  const key = (rest: object) => ({
    Key: {
      Type: 'AWS::KMS::Key',
      Properties: {
        KeyPolicy: JSON.parse(policy(statement(own, ['kms:*']))) as unknown,
        ...{ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', ...rest },
      },
    },
  })
  expect((await deployStack(aws, 'rotated', key({ EnableKeyRotation: true }))).reason).toMatch(/asymmetric keys/)
  expect((await deployStack(aws, 'unfit', key({ KeyUsage: 'ENCRYPT_DECRYPT' }))).reason).toMatch(/not compatible/)
  const { reason, client } = await deployStack(aws, 'signing', key({}))
  expect(reason).toBeUndefined()
  const encrypting = { KeySpec: 'SYMMETRIC_DEFAULT', KeyUsage: 'ENCRYPT_DECRYPT' }
  const TemplateBody = JSON.stringify({ Resources: key(encrypting) })
  await client.send(new UpdateStackCommand({ StackName: 'signing', TemplateBody }))
  const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: 'signing' }))
  expect(stack?.StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE')
})
