import { unknownCaller } from './aws-error.ts'

/** What every client of the AWS SDK v3 is constructed with. */
export interface ClientConfig {
  readonly region: string
  readonly endpoint?: string
  readonly forcePathStyle?: boolean
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  readonly maxAttempts: number
}

/** Makes SDK clients; credentials and endpoint as the environment has them. */
export interface Aws {
  /** `aws.client(S3Client)`; another region for what only us-east-1 has, another key for what another principal does. */
  client<Client>(
    Make: new (config: ClientConfig) => Client,
    region?: string,
    key?: { readonly accessKeyId: string; readonly secretAccessKey: string },
  ): Client
}

/** Who AWS says we are. */
export interface Caller {
  readonly account: string
  readonly arn: string
  /** Our clock less that of AWS; undefined when its answer has no date. */
  readonly clockSkewMs?: number
}

export function createAws(environment: NodeJS.ProcessEnv, region: () => string): Aws {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_ENDPOINT_URL } = environment
  const credentials =
    AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY
      ? {
          accessKeyId: AWS_ACCESS_KEY_ID,
          secretAccessKey: AWS_SECRET_ACCESS_KEY,
          ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
        }
      : undefined
  return {
    client: (Make, other, key = credentials) =>
      new Make({
        region: other ?? region(),
        maxAttempts: 5,
        ...(key && { credentials: key }),
        ...(AWS_ENDPOINT_URL && { endpoint: AWS_ENDPOINT_URL, forcePathStyle: true }),
      }),
  }
}

/** Throws `DeployerError` no-credentials or unreachable. */
export async function askCaller(aws: Aws, now: () => number): Promise<Caller> {
  const { STSClient, GetCallerIdentityCommand } = await import('@aws-sdk/client-sts')
  try {
    const client = aws.client(STSClient)
    let date: string | undefined
    client.middlewareStack.add(
      next => async args => {
        const result = await next(args)
        const { response } = result as { response?: { headers?: Record<string, string> } }
        date = response?.headers?.date
        return result
      },
      { step: 'deserialize', name: 'dateOfAnswer' },
    )
    const { Account, Arn } = await client.send(new GetCallerIdentityCommand({}))
    const skew = date === undefined ? Number.NaN : now() - Date.parse(date)
    if (Account && Arn) return { account: Account, arn: Arn, ...(!Number.isNaN(skew) && { clockSkewMs: skew }) }
    throw new Error('the answer names no account')
  } catch (cause) {
    throw unknownCaller(cause)
  }
}
