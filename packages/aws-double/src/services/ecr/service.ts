import type {
  BatchGetImageCommandInput,
  CreateRepositoryCommandInput,
  DescribeImagesCommandInput,
  DescribeRepositoriesCommandInput,
  GetAuthorizationTokenCommandOutput,
  SetRepositoryPolicyCommandInput,
} from '@aws-sdk/client-ecr'
import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { storePolicy } from '../../principals.ts'
import { type Output, only, type Service, tagsOf } from '../../service.ts'
import { repositoryArn, repositoryFor } from './access.ts'
import type { Manifest, Repository } from './store.ts'

const tokenSeconds = 12 * 3600

async function getAuthorizationToken(_: unknown, call: Call): Promise<Output<GetAuthorizationTokenCommandOutput>> {
  authorize(call, { action: 'ecr:GetAuthorizationToken', resource: '*' })
  const { world, account, region } = call
  const password = Buffer.from(world.random(48)).toString('base64url')
  const expires = world.clock() + tokenSeconds * 1000
  world.ecr.tokens.set(password, { accessKeyId: call.accessKeyId ?? '', account, region, expires })
  return {
    authorizationData: [
      {
        authorizationToken: Buffer.from(`AWS:${password}`).toString('base64'),
        expiresAt: new Date(expires),
        proxyEndpoint: await world.registry(account, region),
      },
    ],
  }
}

export function createRepository(input: CreateRepositoryCommandInput, call: Call) {
  only(input, ['encryptionConfiguration', 'imageScanningConfiguration', 'imageTagMutability', 'repositoryName', 'tags'])
  const { repositoryName: name = '', imageTagMutability: mutability = 'MUTABLE' } = input
  const { world, account, region } = call
  const arn = repositoryArn(account, region, name)
  const tags = tagsOf(input.tags)
  authorize(call, { action: 'ecr:CreateRepository', resource: arn, requestTags: tags })
  if (!/^[a-z0-9]+([._/-][a-z0-9]+)*$/.test(name))
    throw new AwsError('InvalidParameterException', `${name} is no repository name`)
  if (world.ecr.repositories.has(arn)) {
    throw new AwsError('RepositoryAlreadyExistsException', `The repository with name '${name}' already exists`)
  }
  const repository: Repository = {
    name,
    arn,
    account,
    region,
    created: new Date(world.clock()),
    immutable: mutability === 'IMMUTABLE',
    policy: undefined,
    tags,
    blobs: new Map(),
    manifests: new Map(),
    imageTags: new Map(),
  }
  world.ecr.repositories.set(arn, repository)
  return { repository: described(repository) }
}

const described = (repository: Repository) => ({
  repositoryArn: repository.arn,
  registryId: repository.account,
  repositoryName: repository.name,
  repositoryUri: `${repository.account}.dkr.ecr.${repository.region}.amazonaws.com/${repository.name}`,
  createdAt: repository.created,
  imageTagMutability: repository.immutable ? ('IMMUTABLE' as const) : ('MUTABLE' as const),
})

function describeRepositories(input: DescribeRepositoriesCommandInput, call: Call) {
  only(input, ['maxResults', 'nextToken', 'registryId', 'repositoryNames'])
  if (input.repositoryNames) {
    const found = input.repositoryNames.map(name =>
      repositoryFor(call, 'ecr:DescribeRepositories', name, input.registryId),
    )
    return { repositories: found.map(described) }
  }
  authorize(call, { action: 'ecr:DescribeRepositories', resource: repositoryArn(call.account, call.region, '*') })
  const own = [...call.world.ecr.repositories.values()].filter(
    r => r.account === call.account && r.region === call.region,
  )
  return { repositories: own.map(described) }
}

type Policied = { readonly repositoryName?: string | undefined; readonly registryId?: string | undefined }

export function setRepositoryPolicy(input: SetRepositoryPolicyCommandInput, call: Call) {
  only(input, ['force', 'policyText', 'registryId', 'repositoryName'])
  const repository = repositoryFor(call, 'ecr:SetRepositoryPolicy', input.repositoryName ?? '', input.registryId)
  repository.policy = storePolicy(call.world, withResource(input.policyText ?? '', repository), 'resource')
  return { registryId: repository.account, repositoryName: repository.name, policyText: input.policyText }
}

/** ECR's policies name no Resource: they are about their repository. */
function withResource(text: string, repository: Repository): unknown {
  try {
    const document = JSON.parse(text) as { Statement: unknown }
    const statements: readonly object[] = Array.isArray(document.Statement) ? document.Statement : [document.Statement]
    return { ...document, Statement: statements.map(statement => ({ Resource: repository.arn, ...statement })) }
  } catch {
    throw new AwsError('InvalidParameterException', 'policyText is not JSON')
  }
}

function getRepositoryPolicy({ repositoryName: name = '', registryId }: Policied, call: Call) {
  const { policy } = repositoryFor(call, 'ecr:GetRepositoryPolicy', name, registryId)
  if (!policy) throw new AwsError('RepositoryPolicyNotFoundException', `Repository policy does not exist for '${name}'`)
  return { repositoryName: name, policyText: JSON.stringify(policy.document) }
}

function deleteRepositoryPolicy({ repositoryName: name = '', registryId }: Policied, call: Call) {
  const repository = repositoryFor(call, 'ecr:DeleteRepositoryPolicy', name, registryId)
  const { policy } = repository
  if (!policy) throw new AwsError('RepositoryPolicyNotFoundException', `Repository policy does not exist for '${name}'`)
  repository.policy = undefined
  return { registryId: repository.account, repositoryName: name, policyText: JSON.stringify(policy.document) }
}

type ImageId = { readonly imageDigest?: string | undefined; readonly imageTag?: string | undefined }

const find = (repository: Repository, { imageDigest: digest, imageTag: tag }: ImageId): Manifest | undefined =>
  repository.manifests.get(digest ?? repository.imageTags.get(tag ?? '') ?? '')

function batchGetImage(input: BatchGetImageCommandInput, call: Call) {
  only(input, ['acceptedMediaTypes', 'imageIds', 'registryId', 'repositoryName'])
  const { repositoryName: name = '', imageIds = [] } = input
  const repository = repositoryFor(call, 'ecr:BatchGetImage', name, input.registryId)
  const found = imageIds.map(imageId => ({ imageId, manifest: find(repository, imageId) }))
  return {
    images: found.flatMap(({ imageId, manifest }) =>
      manifest
        ? [
            {
              registryId: repository.account,
              repositoryName: name,
              imageId: { ...imageId, imageDigest: manifest.digest },
              imageManifest: new TextDecoder().decode(manifest.bytes),
              imageManifestMediaType: manifest.mediaType,
            },
          ]
        : [],
    ),
    failures: found
      .filter(({ manifest }) => !manifest)
      .map(({ imageId }) => ({
        imageId,
        failureCode: 'ImageNotFound' as const,
        failureReason: 'Requested image not found',
      })),
  }
}

function describeImages(input: DescribeImagesCommandInput, call: Call) {
  only(input, ['filter', 'imageIds', 'maxResults', 'nextToken', 'registryId', 'repositoryName'])
  const { repositoryName: name = '' } = input
  const repository = repositoryFor(call, 'ecr:DescribeImages', name, input.registryId)
  const wanted = input.imageIds?.map(imageId => find(repository, imageId)) ?? [...repository.manifests.values()]
  const tagsBy = (digest: string) => [...repository.imageTags].filter(([, own]) => own === digest).map(([tag]) => tag)
  return {
    imageDetails: wanted.map(manifest => {
      if (!manifest)
        throw new AwsError('ImageNotFoundException', `The image does not exist within the repository '${name}'`)
      return {
        registryId: repository.account,
        repositoryName: name,
        imageDigest: manifest.digest,
        imageTags: tagsBy(manifest.digest),
        imageManifestMediaType: manifest.mediaType,
        imagePushedAt: manifest.pushed,
        imageSizeInBytes: manifest.bytes.length,
      }
    }),
  }
}

export function deleteRepository({ repositoryName: name = '', registryId }: Policied, call: Call) {
  const repository = repositoryFor(call, 'ecr:DeleteRepository', name, registryId)
  if (repository.manifests.size > 0)
    throw new AwsError('RepositoryNotEmptyException', `The repository '${name}' is not empty`)
  call.world.ecr.repositories.delete(repository.arn)
  return { repository: described(repository) }
}

export const ecr: Service = {
  name: 'ecr',
  protocol: 'json',
  client: () => import('@aws-sdk/client-ecr'),
  operations: {
    BatchGetImage: batchGetImage,
    CreateRepository: createRepository,
    DeleteRepository: deleteRepository,
    DescribeImages: describeImages,
    DescribeRepositories: describeRepositories,
    GetAuthorizationToken: getAuthorizationToken,
    DeleteRepositoryPolicy: deleteRepositoryPolicy,
    GetRepositoryPolicy: getRepositoryPolicy,
    SetRepositoryPolicy: setRepositoryPolicy,
  },
}
