import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { CloudFormationClient, DescribeStacksCommand, UpdateStackCommand } from '@aws-sdk/client-cloudformation'
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { type AwsDouble, type Running, startAwsDouble } from '@trivault/aws-double'
import { envConfig, zipFiles } from '../../src/delivery/frontend.ts'
import { renderRelease, signRelease } from '../../src/delivery/release.ts'
import type { Deployment } from '../../src/model.ts'
import { repositoryName, secretId, stackNames } from '../../src/names.ts'
import type { Role } from '../../src/roles.ts'
import { brokerServiceSecrets, databaseSetupSecrets, walletServiceSecrets } from '../../src/secrets/wiring.ts'
import { adminPolicy } from '../../src/separation/admin-policy.ts'
import { COUNT_PARAMETER, imageNames } from '../../src/stacks/index.ts'
import { newKey } from '../delivery/keys.ts'
import { smallEif } from '../delivery/small-eif.ts'
import type { Workplace } from '../run.ts'

const publisher = newKey()

export const wallet = '111111111111'
export const nodeOne = '222222222222'
/** Of the same customer; the stacks of the two have the same names. */
export const otherEnvironments = [
  { namespace: 'acme-custody', environment: 'main-eu' },
  { namespace: 'acme-custody-main', environment: 'eu' },
] as const

/** The three accounts of the recommended layout, with the customer's zones and one admin each. `exitOf`: how a task ends by itself. */
export function startAccounts(
  deployment: Deployment,
  exitOf: (family: string) => Running['exited'] | undefined,
): Promise<AwsDouble> {
  // As narrow as `admin-policy` makes them: a step that needs more fails here.
  const admin = (...roles: Role[]) => ({
    admin: roles.map(role => adminPolicy(deployment, role)),
    'admin-of-others': otherEnvironments.flatMap(other =>
      roles.map(role => adminPolicy({ ...deployment, ...other }, role)),
    ),
  })
  return startAwsDouble({
    region: 'us-east-1',
    accounts: [
      {
        id: wallet,
        users: admin('infrastructure-admin', 'policy-node0-admin'),
        zones: [{ name: 'wallet.example.com', id: 'Z0WALLET00000000001' }],
      },
      {
        id: nodeOne,
        users: admin('policy-node1-admin', 'app-admin'),
        zones: [{ name: 'approver.example.org', id: 'Z0APPROVER000000001' }],
      },
      { id: '333333333333', users: admin('policy-node2-admin') },
    ],
    hooks: {
      runTask: async ({ family }) => {
        const exited = exitOf(family)
        return { stop: async () => undefined, ...(exited && { exited }) }
      },
    },
  })
}

/** What earlier steps leave in an admin's directory: images, conf files, enclave image, web apps. */
export function layOut(place: Workplace, deployment: Deployment, release = 'one'): void {
  const digest = digestOf(manifest)
  const digests = { wallet: digest, broker: digest, 'policy-node': digest }
  const tags = { wallet: release, broker: release, 'policy-node': release }
  place.write('service-images.json', JSON.stringify({ tags, digests }))
  const { eif, pcrs, pcrJson } = smallEif(release)
  const digest0 = `sha256:${'0'.repeat(64)}` as const
  const signed = renderRelease({
    release,
    deployer: { version: release, image: digest0 },
    enclave: { tag: release, pcrs },
    images: { wallet: digest0, broker: digest0, 'policy-node': digest0 },
    files: {},
  })
  mkdirSync(place.path('.trivault/enclave'), { recursive: true })
  writeFileSync(place.path('.trivault/enclave/release.json'), signed)
  place.write('.trivault/enclave/release.json.sig', signRelease(signed, publisher))
  place.write('.trivault/enclave/signing-key.pem', publisher.publicKeyPem)
  Object.assign(place.variables, { MPA_IMAGE_TAG: release, SIGNING_KEY_FINGERPRINT: publisher.fingerprint })
  writeFileSync(place.path('enclave.eif'), eif)
  place.write('pcr.json', pcrJson)
  mkdirSync(place.path('conf'), { recursive: true })
  for (const name of ['wallet.json', 'node0.json', 'node1.json', 'node2.json', 'nats.conf'])
    place.write(`conf/${name}`, `{ "name": "${name}" }\n`)
  const oidc = {
    ISSUER: 'https://login.example.com/',
    AUDIENCE: 'urn:trivault:wallet',
    CLIENT_ID_SPA: 'console',
    CLIENT_ID_NATIVE: 'approver',
  }
  const text = (content: string) => new TextEncoder().encode(content)
  const app = zipFiles({
    'index.html': text('<!doctype html>'),
    'assets/app-1a2b.js': text('export {}'),
    'env-config.js': text(envConfig(deployment, `https://${deployment.hosts.api}`, oidc)),
  })
  writeFileSync(place.path('frontend.zip'), app)
  writeFileSync(place.path('approver.zip'), app)
}

/** What populate-secrets-wallet leaves in Secrets Manager. */
export async function populate(aws: AwsDouble, deployment: Deployment): Promise<void> {
  const client = new SecretsManagerClient({
    region: deployment.region,
    endpoint: aws.endpoint,
    credentials: aws.credentialsFor(wallet, 'admin'),
  })
  const names = [...walletServiceSecrets, ...brokerServiceSecrets, ...databaseSetupSecrets].map(({ secret }) => secret)
  for (const name of new Set(names))
    await client.send(new CreateSecretCommand({ Name: secretId(deployment, name), SecretString: '{}' }))
}

const layer = 'layer'
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
/** An image of one layer; the same for every service. */
const manifest = JSON.stringify({ schemaVersion: 2, layers: [{ digest: digestOf(layer) }] })

/** What deploy-service-images leaves in the customer's registry. */
export async function pushImages(aws: AwsDouble, deployment: Deployment): Promise<void> {
  const credentials = aws.credentialsFor(wallet, 'admin')
  const client = new ECRClient({ region: deployment.region, endpoint: aws.endpoint, credentials })
  const [data] = (await client.send(new GetAuthorizationTokenCommand({}))).authorizationData ?? []
  const headers = { authorization: `Basic ${data?.authorizationToken}` }
  for (const image of imageNames) {
    const base = `${data?.proxyEndpoint}/v2/${repositoryName(deployment, image)}`
    const started = await fetch(`${base}/blobs/uploads/`, { method: 'POST', headers })
    const upload = new URL(started.headers.get('location') ?? '', base)
    upload.searchParams.set('digest', digestOf(layer))
    await fetch(upload, { method: 'PUT', body: layer, headers })
    const type = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }
    const { status } = await fetch(`${base}/manifests/one`, {
      method: 'PUT',
      body: manifest,
      headers: { ...headers, ...type },
    })
    if (status !== 201) throw new Error(`the registry answered ${status}`)
  }
}

/** Back to count 0, as CloudFormation itself does when a service does not become stable. */
export async function stopAgain(aws: AwsDouble, deployment: Deployment): Promise<void> {
  const client = new CloudFormationClient({
    region: deployment.region,
    endpoint: aws.endpoint,
    credentials: aws.credentialsFor(wallet, 'admin'),
  })
  const StackName = stackNames.wallet(deployment)
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName }))
  const count = Stacks?.[0]?.Parameters?.find(({ ParameterKey }) => ParameterKey === COUNT_PARAMETER)?.ParameterValue
  if (count === '0') return
  await client.send(
    new UpdateStackCommand({
      StackName,
      UsePreviousTemplate: true,
      Parameters: [{ ParameterKey: COUNT_PARAMETER, ParameterValue: '0' }],
      Capabilities: ['CAPABILITY_NAMED_IAM'],
    }),
  )
}
