import type { Providers } from '../services/cloudformation/deploy.ts'
import { dbInstance, repository, table } from './data.ts'
import { cluster, service, taskDefinition } from './ecs.ts'
import { autoScalingGroup, instance, launchTemplate } from './hosts.ts'
import { instanceProfile, policy, role } from './iam.ts'
import { user } from './iam-user.ts'
import { type InertType, inertProvider, named } from './inert.ts'
import { alias, key } from './kms.ts'
import { networkTypes } from './network.ts'
import { recordSet } from './records.ts'
import { bucket, bucketPolicy } from './s3.ts'
import { resourcePolicy, secret } from './secrets.ts'
import { webTypes } from './web.ts'

const databaseTypes: Readonly<Record<string, InertType>> = {
  'AWS::RDS::DBSubnetGroup': {
    create: ['rds:CreateDBSubnetGroup', 'rds:AddTagsToResource'],
    update: ['rds:ModifyDBSubnetGroup'],
    remove: ['rds:DeleteDBSubnetGroup'],
    id: (properties, call) => named('DBSubnetGroupName', 255)(properties, call).toLowerCase(),
    path: id => `subgrp:${id}`,
  },
  'AWS::RDS::DBParameterGroup': {
    create: ['rds:CreateDBParameterGroup', 'rds:ModifyDBParameterGroup', 'rds:AddTagsToResource'],
    update: ['rds:ModifyDBParameterGroup'],
    remove: ['rds:DeleteDBParameterGroup'],
    id: (properties, call) => named('DBParameterGroupName', 255)(properties, call).toLowerCase(),
    path: id => `pg:${id}`,
    attributes: id => ({ DBParameterGroupName: id }),
  },
}

const inert = Object.entries({ ...networkTypes, ...webTypes, ...databaseTypes })

/** Resource types that the double can deploy; any other fails the deployment. */
export const providers: Providers = {
  'AWS::AutoScaling::AutoScalingGroup': autoScalingGroup,
  'AWS::DynamoDB::Table': table,
  'AWS::EC2::Instance': instance,
  'AWS::EC2::LaunchTemplate': launchTemplate,
  'AWS::ECR::Repository': repository,
  'AWS::ECS::Cluster': cluster,
  'AWS::ECS::Service': service,
  'AWS::ECS::TaskDefinition': taskDefinition,
  'AWS::IAM::InstanceProfile': instanceProfile,
  'AWS::IAM::Policy': policy,
  'AWS::IAM::Role': role,
  'AWS::IAM::User': user,
  'AWS::KMS::Alias': alias,
  'AWS::KMS::Key': key,
  'AWS::RDS::DBInstance': dbInstance,
  'AWS::Route53::RecordSet': recordSet,
  'AWS::S3::Bucket': bucket,
  'AWS::S3::BucketPolicy': bucketPolicy,
  'AWS::SecretsManager::ResourcePolicy': resourcePolicy,
  'AWS::SecretsManager::Secret': secret,
  ...Object.fromEntries(inert.map(([type, definition]) => [type, inertProvider(type, definition)])),
}
