import { createHash } from 'node:crypto'
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'

/** The Secrets Manager of the caller's account. Names are whole secret ids. */
export interface SecretStore {
  /** Whether there is such a secret, and the labels of its value; undefined when it has none. */
  describe(id: string): Promise<{ readonly exists: boolean; readonly labels: readonly string[] | undefined }>
  /** Undefined when there is none, or none with a value. */
  read(id: string): Promise<string | undefined>
  /** Makes the secret where it is missing. */
  write(id: string, value: string, about: string): Promise<void>
  /**
   * Writes a value where there was never one, and a label on it, both or neither. Throws DeployerError conflict otherwise, also
   * against another run at the same time.
   */
  writeFirst(id: string, value: string, label: string): Promise<void>
}

export async function openStore(context: Context): Promise<SecretStore> {
  const sdk = await import('@aws-sdk/client-secrets-manager')
  const client: SecretsManagerClient = context.aws.client(sdk.SecretsManagerClient)
  const Tags = Object.entries(context.deployment().tags).map(([Key, Value]) => ({ Key, Value }))
  const describe: SecretStore['describe'] = async id => {
    try {
      const { VersionIdsToStages } = await client.send(new sdk.DescribeSecretCommand({ SecretId: id }))
      return {
        exists: true,
        labels: Object.values(VersionIdsToStages ?? {}).find(stages => stages.includes('AWSCURRENT')),
      }
    } catch (error) {
      if (error instanceof sdk.ResourceNotFoundException) return { exists: false, labels: undefined }
      throw error
    }
  }
  return {
    describe,
    async read(id) {
      try {
        return (await client.send(new sdk.GetSecretValueCommand({ SecretId: id }))).SecretString
      } catch (error) {
        if (error instanceof sdk.ResourceNotFoundException) return undefined
        throw error
      }
    },
    async write(id, value, about) {
      if ((await describe(id)).exists) {
        await client.send(new sdk.PutSecretValueCommand({ SecretId: id, SecretString: value }))
        return
      }
      await client.send(new sdk.CreateSecretCommand({ Name: id, SecretString: value, Description: about, Tags }))
    },
    async writeFirst(id, value, label) {
      // A version's token can be used once: a second first value is refused by Secrets Manager itself.
      const ClientRequestToken = createHash('sha256').update(`first value of ${id}`).digest('hex').slice(0, 64)
      try {
        const VersionStages = ['AWSCURRENT', label]
        await client.send(
          new sdk.PutSecretValueCommand({ SecretId: id, SecretString: value, ClientRequestToken, VersionStages }),
        )
      } catch (cause) {
        if (!(cause instanceof sdk.ResourceExistsException)) throw cause
        throw new DeployerError(
          'conflict',
          `${id} has a value already; another run wrote it`,
          'run the same command again: it shows what is there',
          { cause },
        )
      }
    },
  }
}
