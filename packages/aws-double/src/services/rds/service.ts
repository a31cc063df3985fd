import type {
  CreateDBSnapshotCommandInput,
  DescribeDBClustersCommandInput,
  DescribeDBInstancesCommandInput,
  DescribeDBSnapshotsCommandInput,
} from '@aws-sdk/client-rds'
import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { only, type Service } from '../../service.ts'
import { instanceArn, snapshotArn } from './access.ts'
import type { DbInstance, DbSnapshot } from './store.ts'

const described = (instance: DbInstance) => ({
  DBInstanceIdentifier: instance.identifier,
  DBInstanceArn: instance.arn,
  DBInstanceClass: instance.instanceClass,
  DBInstanceStatus: 'available',
  Engine: instance.engine,
  EngineVersion: instance.engineVersion,
  MasterUsername: instance.masterUsername,
  DeletionProtection: instance.deletionProtection,
  Endpoint: { Address: instance.address, Port: instance.port },
  ...(instance.masterSecret === undefined
    ? {}
    : { MasterUserSecret: { SecretArn: instance.masterSecret, SecretStatus: 'active' } }),
})

const snapshotOf = (snapshot: DbSnapshot) => ({
  DBSnapshotIdentifier: snapshot.identifier,
  DBSnapshotArn: snapshot.arn,
  DBInstanceIdentifier: snapshot.instance,
  SnapshotCreateTime: snapshot.created,
  SnapshotType: 'manual',
  Status: 'available',
  PercentProgress: 100,
})

const mine =
  ({ account, region }: Call) =>
  (item: { readonly account: string; readonly region: string }): boolean =>
    item.account === account && item.region === region

function describeInstances(input: DescribeDBInstancesCommandInput, call: Call) {
  only(input, ['DBInstanceIdentifier', 'Marker', 'MaxRecords'])
  const identifier = input.DBInstanceIdentifier
  authorize(call, { action: 'rds:DescribeDBInstances', resource: instanceArn(call, identifier ?? '*') })
  const found = [...call.world.rds.instances.values()]
    .filter(mine(call))
    .filter(instance => identifier === undefined || instance.identifier === identifier || instance.arn === identifier)
  if (identifier !== undefined && found.length === 0) {
    throw new AwsError('DBInstanceNotFound', `DBInstance ${identifier} not found.`, 404)
  }
  return { DBInstances: found.map(described) }
}

/** There are no clusters: no resource type makes one. */
function describeClusters(input: DescribeDBClustersCommandInput, call: Call) {
  only(input, ['DBClusterIdentifier', 'Marker', 'MaxRecords'])
  const { DBClusterIdentifier: identifier } = input
  const { account, region } = call
  authorize(call, {
    action: 'rds:DescribeDBClusters',
    resource: `arn:aws:rds:${region}:${account}:cluster:${identifier ?? '*'}`,
  })
  if (identifier !== undefined) throw new AwsError('DBClusterNotFoundFault', `DBCluster ${identifier} not found.`, 404)
  return { DBClusters: [] }
}

function createSnapshot(input: CreateDBSnapshotCommandInput, call: Call) {
  only(input, ['DBInstanceIdentifier', 'DBSnapshotIdentifier', 'Tags'])
  const { DBInstanceIdentifier: instance = '', DBSnapshotIdentifier: identifier = '' } = input
  const { world, account, region } = call
  const arn = snapshotArn(call, identifier)
  authorize(call, { action: 'rds:CreateDBSnapshot', resource: arn })
  authorize(call, { action: 'rds:CreateDBSnapshot', resource: instanceArn(call, instance) })
  if (!/^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$/.test(identifier)) {
    throw new AwsError(
      'InvalidParameterValue',
      `The parameter DBSnapshotIdentifier is not a valid identifier: ${identifier}`,
    )
  }
  if (!world.rds.instances.has(instanceArn(call, instance))) {
    throw new AwsError('DBInstanceNotFound', `DBInstance ${instance} not found.`, 404)
  }
  if (world.rds.snapshots.has(arn))
    throw new AwsError(
      'DBSnapshotAlreadyExists',
      `Cannot create the snapshot because one with the identifier ${identifier} already exists.`,
    )
  const snapshot: DbSnapshot = { identifier, arn, instance, account, region, created: new Date(world.clock()) }
  world.rds.snapshots.set(arn, snapshot)
  return { DBSnapshot: snapshotOf(snapshot) }
}

function describeSnapshots(input: DescribeDBSnapshotsCommandInput, call: Call) {
  only(input, ['DBInstanceIdentifier', 'DBSnapshotIdentifier', 'Marker', 'MaxRecords', 'SnapshotType'])
  const { DBSnapshotIdentifier: identifier, DBInstanceIdentifier: instance } = input
  authorize(call, { action: 'rds:DescribeDBSnapshots', resource: snapshotArn(call, identifier ?? '*') })
  const found = [...call.world.rds.snapshots.values()]
    .filter(mine(call))
    .filter(snapshot => identifier === undefined || snapshot.identifier === identifier)
    .filter(snapshot => instance === undefined || snapshot.instance === instance)
  if (identifier !== undefined && found.length === 0) {
    throw new AwsError('DBSnapshotNotFound', `DBSnapshot ${identifier} not found.`, 404)
  }
  return { DBSnapshots: found.map(snapshotOf) }
}

export const rds: Service = {
  name: 'rds',
  protocol: 'query',
  xmlNamespace: 'http://rds.amazonaws.com/doc/2014-10-31/',
  client: () => import('@aws-sdk/client-rds'),
  operations: {
    CreateDBSnapshot: createSnapshot,
    DescribeDBClusters: describeClusters,
    DescribeDBInstances: describeInstances,
    DescribeDBSnapshots: describeSnapshots,
  },
}
