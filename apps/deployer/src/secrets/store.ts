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
  /**
   * Replaces what `read` gave, or makes the secret where it gave nothing. Throws DeployerError conflict when another run has
   * written in between.
   */
  write(id: string, value: string, about: string): Promise<void>
  /**
   * Writes a value where there was never one, and labels on it, all or nothing. Throws DeployerError conflict otherwise, also
   * against another run at the same time.
   */
  writeFirst(id: string, value: string, labels: readonly string[]): Promise<void>
  /** Takes a label off the current value. */
  unlabel(id: string, label: string): Promise<void>
}

export async function openStore(context: Context): Promise<SecretStore> {
  const sdk = await import('@aws-sdk/client-secrets-manager')
  const client: SecretsManagerClient = context.aws.client(sdk.SecretsManagerClient)
  const Tags = Object.entries(context.deployment().tags).map(([Key, Value]) => ({ Key, Value }))
  /** Versions that were read. */
  const seen = new Map<string, string>()
  const current = async (id: string) => {
    const { VersionIdsToStages } = await client.send(new sdk.DescribeSecretCommand({ SecretId: id }))
    return Object.entries(VersionIdsToStages ?? {}).find(([, stages]) => stages.includes('AWSCURRENT'))
  }
  const describe: SecretStore['describe'] = async id => {
    try {
      return { exists: true, labels: (await current(id))?.[1] }
    } catch (error) {
      if (error instanceof sdk.ResourceNotFoundException) return { exists: false, labels: undefined }
      throw error
    }
  }
  return {
    describe,
    async read(id) {
      try {
        const { SecretString, VersionId = '' } = await client.send(new sdk.GetSecretValueCommand({ SecretId: id }))
        seen.set(id, VersionId)
        return SecretString
      } catch (error) {
        if (!(error instanceof sdk.ResourceNotFoundException)) throw error
        seen.delete(id)
        return undefined
      }
    },
    async write(id, value, about) {
      const ClientRequestToken = tokenAfter(id, seen.get(id))
      const { exists } = await describe(id)
      const given = { SecretString: value, ClientRequestToken }
      const { VersionId = '' } = await once(id, () =>
        exists
          ? client.send(new sdk.PutSecretValueCommand({ SecretId: id, ...given }))
          : client.send(new sdk.CreateSecretCommand({ Name: id, ...given, Description: about, Tags })),
      )
      seen.set(id, VersionId)
    },
    async writeFirst(id, value, labels) {
      await once(id, () =>
        client.send(
          new sdk.PutSecretValueCommand({
            SecretId: id,
            SecretString: value,
            ClientRequestToken: tokenAfter(id, undefined),
            VersionStages: ['AWSCURRENT', ...labels],
          }),
        ),
      )
    },
    async unlabel(id, VersionStage) {
      const [RemoveFromVersionId, stages = []] = (await current(id)) ?? []
      if (!stages.includes(VersionStage)) return
      await client.send(new sdk.UpdateSecretVersionStageCommand({ SecretId: id, VersionStage, RemoveFromVersionId }))
    },
  }

  async function once(id: string, write: () => Promise<{ VersionId?: string }>): Promise<{ VersionId?: string }> {
    try {
      return await write()
    } catch (cause) {
      if (!(cause instanceof sdk.ResourceExistsException)) throw cause
      throw new DeployerError(
        'conflict',
        `${id} has another value by now; another run wrote it`,
        'run the same command again: it shows what is there',
        { cause },
      )
    }
  }
}

/** A version's token can be used once: of two writes after the same version Secrets Manager itself refuses the second. */
const tokenAfter = (id: string, version = 'nothing'): string =>
  createHash('sha256').update(`value of ${id} after ${version}`).digest('hex')
