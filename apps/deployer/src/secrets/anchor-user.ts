import type { AccessKeyMetadata, IAMClient } from '@aws-sdk/client-iam'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { NodeIndex } from '../model.ts'
import { anchorUserName } from '../names.ts'

/** As AWS gives it, once. */
export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** The IAM user who alone writes the rows of a node's anchor. */
export interface AnchorUser {
  /**
   * Makes a key, where there is room only by an abandoned one's removal; `kept` is in the secret and is never that one. Throws
   * DeployerError conflict when two other runs may still be going on.
   */
  newKey(kept?: string): Promise<AccessKey>
  remove(accessKeyId: string): Promise<void>
  /** Removes every other key: those of runs that were broken off. False when this one is not there. */
  keepOnly(accessKeyId: string): Promise<boolean>
}

/** How many keys AWS lets a user have. */
const MAX_KEYS = 2
/** A run of this program does not take longer. */
const RUN_MS = 10 * 60_000

/** Throws DeployerError missing-file. */
export async function openAnchorUser(context: Context, node: NodeIndex): Promise<AnchorUser> {
  const sdk = await import('@aws-sdk/client-iam')
  const client: IAMClient = context.aws.client(sdk.IAMClient)
  const UserName = anchorUserName(context.deployment(), node)
  const keys = async (): Promise<AccessKeyMetadata[]> => {
    try {
      return (await client.send(new sdk.ListAccessKeysCommand({ UserName }))).AccessKeyMetadata ?? []
    } catch (cause) {
      if (!(cause instanceof sdk.NoSuchEntityException)) throw cause
      throw new DeployerError(
        'missing-file',
        `there is no IAM user ${UserName} in this account`,
        `run \`make deploy-policy-node${node}-long-lived\` first`,
        { cause },
      )
    }
  }
  const remove: AnchorUser['remove'] = async AccessKeyId => {
    try {
      await client.send(new sdk.DeleteAccessKeyCommand({ UserName, AccessKeyId }))
    } catch (cause) {
      if (!(cause instanceof sdk.NoSuchEntityException)) throw cause
    }
  }
  return {
    remove,
    async keepOnly(accessKeyId) {
      const there = (await keys()).map(({ AccessKeyId = '' }) => AccessKeyId)
      for (const other of there) if (other !== accessKeyId) await remove(other)
      return there.includes(accessKeyId)
    },
    async newKey(kept) {
      const there = await keys()
      if (there.length >= MAX_KEYS)
        await remove(
          abandoned(
            there.filter(({ AccessKeyId }) => AccessKeyId !== kept),
            context.clock(),
            UserName,
          ),
        )
      const { AccessKey: made } = await client.send(new sdk.CreateAccessKeyCommand({ UserName }))
      if (made?.AccessKeyId && made.SecretAccessKey)
        return { accessKeyId: made.AccessKeyId, secretAccessKey: made.SecretAccessKey }
      throw new DeployerError('aws', 'AWS answered without an access key', 'try again')
    },
  }
}

/** The oldest key, of which no run can still be about to store it. Throws DeployerError conflict. */
function abandoned(keys: readonly AccessKeyMetadata[], now: number, user: string): string {
  const time = ({ CreateDate }: AccessKeyMetadata): number => CreateDate?.getTime() ?? now
  const [oldest] = [...keys].sort((a, b) => time(a) - time(b))
  if (oldest?.AccessKeyId !== undefined && time(oldest) < now - RUN_MS) return oldest.AccessKeyId
  throw new DeployerError(
    'conflict',
    `${user} has access keys of runs that have not ended, or were broken off in the last ten minutes`,
    'wait ten minutes, then run the same command again: it removes what such runs left',
  )
}
