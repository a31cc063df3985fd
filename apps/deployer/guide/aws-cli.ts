import { copyFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'

// The two calls of the AWS CLI that the guide makes, by the SDK: the CLI of many distributions ignores AWS_ENDPOINT_URL.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    region: { type: 'string' },
    'secret-id': { type: 'string' },
    query: { type: 'string' },
    output: { type: 'string' },
  },
})
const [service, operation, from = '', to = ''] = positionals
if (service === 'secretsmanager' && operation === 'get-secret-value' && values.query === 'SecretString') {
  const client = new SecretsManagerClient({ ...(values.region && { region: values.region }) })
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: values['secret-id'] }))
  process.stdout.write(`${SecretString}\n`)
} else if (service === 's3' && operation === 'cp' && from.startsWith('s3:///')) {
  // The guide's delivery bucket is a folder here.
  copyFileSync(from.slice('s3://'.length), to === '.' ? (from.split('/').at(-1) ?? '') : to)
} else throw new RangeError(`the guide does not call aws ${positionals.join(' ')}`)
