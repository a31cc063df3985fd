import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import type { Repository } from './store.ts'

export const repositoryArn = (account: string, region: string, name: string): string =>
  `arn:aws:ecr:${region}:${account}:repository/${name}`

/** Authorises an action on a repository and finds it. @throws AwsError `RepositoryNotFoundException` */
export function repositoryFor(call: Call, action: string, name: string, registry?: string): Repository {
  const account = registry ?? call.account
  const arn = repositoryArn(account, call.region, name)
  const repository = call.world.ecr.repositories.get(arn)
  authorize(call, {
    action,
    resource: arn,
    resourceAccount: account,
    policy: repository?.policy?.policy,
    ...(repository ? { resourceTags: repository.tags } : {}),
  })
  if (!repository) {
    const where = `in the registry with id '${account}'`
    throw new AwsError('RepositoryNotFoundException', `The repository with name '${name}' does not exist ${where}`)
  }
  return repository
}
