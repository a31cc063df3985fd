import { DeployerError } from '../errors.ts'
import { type ImageName, repositoryOf, serviceNames } from './release.ts'

/** Images that customers pull. */
export const deliveredRepositories = [...serviceNames, 'wallet-deployer' as const].map((name: ImageName) =>
  repositoryOf(name),
)

/**
 * The delivery list: one account id per line, words after it and after `#` are for people.
 * @throws DeployerError `bad-config` with file and line
 */
export function parseDeliveryList(text: string, file: string): string[] {
  const accounts = text.split('\n').flatMap((line, index) => {
    const [id = ''] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (id === '') return []
    if (/^\d{12}$/.test(id)) return [id]
    throw new DeployerError('bad-config', `${JSON.stringify(id)} is no account id`, 'an account id has 12 digits', {
      place: { file, line: index + 1 },
    })
  })
  const twice = accounts.find((id, index) => accounts.indexOf(id) !== index)
  if (twice !== undefined)
    throw new DeployerError('bad-config', `account ${twice} is listed twice`, 'remove one of the lines', {
      place: { file },
    })
  return accounts.sort()
}

interface Statement {
  readonly Sid: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Principal: '*' | { readonly AWS: readonly string[] }
  readonly Action: readonly string[]
  readonly Resource?: readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

export interface PolicyDocument {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

const document = (statements: readonly Statement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements,
})
const principals = (accounts: readonly string[]) => ({ AWS: accounts.map(id => `arn:aws:iam::${id}:root`) })

/** Policy of each repository: listed accounts pull, nobody else. Undefined for an empty list: then there is no policy at all. */
export function repositoryPolicy(accounts: readonly string[]): PolicyDocument | undefined {
  if (accounts.length === 0) return undefined
  const Action = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer']
  return document([{ Sid: 'DeliveryListPulls', Effect: 'Allow', Principal: principals(accounts), Action }])
}

/** Policy of the bucket: listed accounts read the three places and may see whether a key exists; nobody without TLS. */
export function bucketPolicy(bucket: string, accounts: readonly string[]): PolicyDocument {
  const arn = `arn:aws:s3:::${bucket}`
  const folders = ['customer/shared/*', 'enclave/*', 'deployer/*']
  const tlsOnly: Statement = {
    Sid: 'TlsOnly',
    Effect: 'Deny',
    Principal: '*',
    Action: ['s3:*'],
    Resource: [arn, `${arn}/*`],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  }
  if (accounts.length === 0) return document([tlsOnly])
  const Principal = principals(accounts)
  return document([
    tlsOnly,
    {
      Sid: 'DeliveryListReads',
      Effect: 'Allow',
      Principal,
      Action: ['s3:GetObject'],
      Resource: folders.map(f => `${arn}/${f}`),
    },
    // Without it S3 answers a wrong tag with "access denied" instead of "not found".
    { Sid: 'DeliveryListLists', Effect: 'Allow', Principal, Action: ['s3:ListBucket'], Resource: [arn] },
  ])
}
