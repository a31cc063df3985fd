import { type IIoHost, StackParameters, StackSelectionStrategy, Toolkit } from '@aws-cdk/toolkit-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CfnDomain } from 'aws-cdk-lib/aws-opensearchservice'
import { Bucket, type BucketProps } from 'aws-cdk-lib/aws-s3'
import { App, CfnOutput, CfnParameter, Fn, LegacyStackSynthesizer, RemovalPolicy, Stack } from 'aws-cdk-lib/core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { AwsDouble } from '../src/index.ts'
import { startAwsDouble } from '../src/index.ts'
import { allow, own, region } from './start.ts'

let aws: AwsDouble
beforeAll(async () => {
  aws = await startAwsDouble({
    region,
    accounts: [
      {
        id: own,
        users: {
          admin: 'administrator',
          // May run CloudFormation, and make no bucket.
          observer: [allow('cloudformation:*')],
          // May make a bucket, and not put its policy.
          half: [
            allow([
              'cloudformation:*',
              's3:CreateBucket',
              's3:DeleteBucket',
              's3:PutBucketPublicAccessBlock',
              's3:PutBucketTagging',
            ]),
          ],
        },
      },
    ],
  })
})
afterAll(() => aws.stop())

beforeEach(() => {
  // Seconds of checks that are not what is tested here.
  vi.stubEnv('CDK_VALIDATION', 'false')
  as('admin')
})
afterEach(() => {
  vi.unstubAllEnvs()
})
const as = (user: string): void => {
  for (const [name, value] of Object.entries(aws.environmentFor(own, user))) vi.stubEnv(name, value)
}

type Build = (stack: Stack) => void

async function sourceOf(name: string, build: Build, terminationProtection: boolean) {
  const messages: string[] = []
  const ioHost: IIoHost = {
    notify: async ({ message }) => {
      messages.push(message)
    },
    requestResponse: async ({ defaultResponse }) => defaultResponse,
  }
  const toolkit = new Toolkit({ ioHost, color: false, emojis: false })
  const source = await toolkit.fromAssemblyBuilder(async () => {
    const app = new App({ analyticsReporting: false, treeMetadata: false })
    const synthesizer = new LegacyStackSynthesizer()
    build(new Stack(app, name, { env: { account: own, region }, synthesizer, terminationProtection }))
    return app.synth()
  })
  return { toolkit, source, messages }
}
const stacks = { strategy: StackSelectionStrategy.ALL_STACKS }

async function deploy(
  name: string,
  build: Build,
  options: { protect?: boolean; parameters?: Record<string, string> } = {},
) {
  const { toolkit, source, messages } = await sourceOf(name, build, options.protect ?? false)
  const { stacks: deployed } = await toolkit.deploy(source, {
    stacks,
    parameters: StackParameters.withExisting(options.parameters ?? {}),
  })
  return { outputs: deployed[0]?.outputs ?? {}, unchanged: messages.some(message => message.includes('(no changes)')) }
}

async function destroy(name: string, build: Build) {
  const { toolkit, source } = await sourceOf(name, build, false)
  await toolkit.destroy(source, { stacks })
}

const reasonsOf = (name: string) =>
  [...aws.world.cloudformation.stacks.values()]
    .filter(stack => stack.name === name)
    .flatMap(({ events }) => events.map(({ reason }) => reason))
const statusOf = (name: string) =>
  [...aws.world.cloudformation.stacks.values()].filter(stack => stack.name === name).at(-1)?.status
const buckets = () => [...aws.world.s3.buckets.keys()]
const bucket =
  (props: BucketProps): Build =>
  stack => {
    const made = new Bucket(stack, 'Files', { removalPolicy: RemovalPolicy.DESTROY, ...props })
    const count = new CfnParameter(stack, 'Count', { type: 'Number', default: 0, maxValue: 3 })
    new CfnOutput(stack, 'Name', { value: made.bucketName })
    new CfnOutput(stack, 'Many', { value: count.valueAsString })
  }

test('makes a stack, finds nothing to change, changes it, keeps a parameter', async () => {
  const plain = bucket({ bucketName: 'files-of-one', enforceSSL: true })
  expect(await deploy('one', plain)).toEqual({ outputs: { Name: 'files-of-one', Many: '0' }, unchanged: false })
  expect(await deploy('one', plain)).toMatchObject({ unchanged: true })
  expect(await deploy('one', plain, { parameters: { Count: '1' } })).toMatchObject({
    unchanged: false,
    outputs: { Many: '1' },
  })
  const versioned = bucket({ bucketName: 'files-of-one', enforceSSL: true, versioned: true })
  expect(await deploy('one', versioned)).toMatchObject({ unchanged: false, outputs: { Many: '1' } })
  expect(aws.world.s3.buckets.get('files-of-one')?.versioning).toBe('Enabled')
  expect(statusOf('one')).toBe('UPDATE_COMPLETE')
  await expect(deploy('one', versioned, { parameters: { Count: '4' } })).rejects.toThrow(/not greater than 3/)
})

test('a new name replaces, and the old resource goes last', async () => {
  await deploy('two', bucket({ bucketName: 'files-of-two' }))
  await deploy('two', bucket({ bucketName: 'other-files-of-two' }))
  expect(buckets()).toContain('other-files-of-two')
  expect(buckets()).not.toContain('files-of-two')
  await destroy('two', bucket({}))
  expect(buckets()).not.toContain('other-files-of-two')
})

test('whoever lacks a permission deploys nothing, and nothing stays half made', async () => {
  as('observer')
  await expect(deploy('three', bucket({ bucketName: 'files-of-three' }))).rejects.toThrow(/s3:CreateBucket/)
  expect(statusOf('three')).toBe('ROLLBACK_COMPLETE')
  as('half')
  const needsPolicy = bucket({ bucketName: 'files-of-three', enforceSSL: true })
  await expect(deploy('three', needsPolicy)).rejects.toThrow(/s3:PutBucketPolicy/)
  expect(buckets()).not.toContain('files-of-three')
  as('admin')
  await deploy('three', needsPolicy)
  expect(statusOf('three')).toBe('CREATE_COMPLETE')
})

test('an update that fails goes back to what was there', async () => {
  await deploy('four', bucket({ bucketName: 'files-of-four', versioned: true }))
  const broken: Build = stack => {
    bucket({ bucketName: 'files-of-four', versioned: false })(stack)
    const role = new Role(stack, 'Role', {
      roleName: 'x'.repeat(20),
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
    })
    // The name is taken: it is the first stack's.
    new Bucket(stack, 'Taken', { bucketName: 'files-of-one' }).node.addDependency(role)
  }
  await expect(deploy('four', broken)).rejects.toThrow(/files-of-one is taken/)
  expect(statusOf('four')).toBe('UPDATE_ROLLBACK_COMPLETE')
  expect(aws.world.s3.buckets.get('files-of-four')?.versioning).toBe('Enabled')
  expect(aws.world.accounts.get(own)?.iam.roles.size).toBe(0)
})

test('a protected stack stays; one that is deleted leaves what it shall retain', async () => {
  const retained = bucket({ bucketName: 'files-of-five', removalPolicy: RemovalPolicy.RETAIN })
  await deploy('five', retained, { protect: true })
  await expect(destroy('five', retained)).rejects.toThrow(/TerminationProtection is enabled/)
  await deploy('five', retained, { protect: false })
  await destroy('five', retained)
  expect(statusOf('five')).toBe('DELETE_COMPLETE')
  expect(buckets()).toContain('files-of-five')
  await expect(deploy('five', retained)).rejects.toThrow(/files-of-five is taken/)
})

test('an export that another stack imports stays', async () => {
  const exporting =
    (value: string): Build =>
    stack => {
      bucket({ bucketName: 'files-of-six' })(stack)
      new CfnOutput(stack, 'Shared', { value, exportName: 'six-shared' })
    }
  const importing: Build = stack => {
    new Bucket(stack, 'B', { bucketName: 'files-of-seven', removalPolicy: RemovalPolicy.DESTROY })
    new CfnOutput(stack, 'Seen', { value: Fn.importValue('six-shared') })
  }
  await expect(deploy('seven', importing)).rejects.toThrow(/ROLLBACK_COMPLETE/)
  expect(reasonsOf('seven')).toContain('No export named six-shared found.')
  await deploy('six', exporting('a'))
  expect((await deploy('seven', importing)).outputs).toEqual({ Seen: 'a' })
  await expect(deploy('six', exporting('b'))).rejects.toThrow(/UPDATE_ROLLBACK_COMPLETE/)
  expect(reasonsOf('six')).toContain('Export six-shared cannot be updated as it is in use by seven')
  await expect(destroy('six', exporting('a'))).rejects.toThrow(/in use by seven/)
})

test('a type that the double does not have fails loudly', async () => {
  const domain: Build = stack => {
    new CfnDomain(stack, 'Search')
  }
  await expect(deploy('eight', domain)).rejects.toThrow(/AWS::OpenSearchService::Domain is not part of the AWS double/)
})
