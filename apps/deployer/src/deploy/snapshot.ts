import type { RDSClient } from '@aws-sdk/client-rds'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { databaseIdentifier } from '../names.ts'
import { sleep } from './stack-state.ts'

const POLL_MS = 5_000

/** A snapshot of a database instance or cluster; waits until it can be restored from. Throws DeployerError bad-config, failed. */
export async function backupSnapshot(context: Context): Promise<void> {
  const source = context.settings.require('RDS_DB_INSTANCE_IDENTIFIER')
  const { RDSClient } = await import('@aws-sdk/client-rds')
  const client = context.aws.client(RDSClient)
  const kind = await kindOf(context, client, source)
  const snapshot = `${source}-${new Date(context.clock()).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}`
  if (context.flags.dryRun) {
    context.out.result({ dryRun: true, source, kind, snapshot }, `would take ${snapshot} of ${kind} ${source}`)
    return
  }
  await context.out.steps([
    {
      title: `Snapshot ${snapshot}`,
      async run(tell) {
        await take(client, kind, source, snapshot)
        for (;;) {
          const { status, percent } = await progress(client, kind, snapshot)
          if (status === 'available') return 'available'
          if (status !== 'creating')
            throw new DeployerError(
              'failed',
              `the snapshot ${snapshot} is ${status}`,
              'look at it in the RDS console, then take another',
            )
          tell(`${percent} %`)
          await sleep(context, POLL_MS)
        }
      },
    },
  ])
  context.out.result({ source, kind, snapshot }, `${snapshot} is available. It costs storage until you delete it.`)
}

type Kind = 'instance' | 'cluster'

async function kindOf(context: Context, client: RDSClient, id: string): Promise<Kind> {
  const { DescribeDBClustersCommand, DescribeDBInstancesCommand } = await import('@aws-sdk/client-rds')
  const exists = (asked: Promise<unknown>, missing: string) =>
    asked.then(
      () => true,
      (error: unknown) => {
        if (error instanceof Error && error.name.startsWith(missing)) return false
        throw error
      },
    )
  if (await exists(client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id })), 'DBInstanceNotFound'))
    return 'instance'
  if (await exists(client.send(new DescribeDBClustersCommand({ DBClusterIdentifier: id })), 'DBClusterNotFound'))
    return 'cluster'
  throw new DeployerError(
    'bad-config',
    `RDS_DB_INSTANCE_IDENTIFIER=${id} names neither a database instance nor a cluster of this account and region`,
    `export RDS_DB_INSTANCE_IDENTIFIER=${databaseIdentifier(context.deployment())}`,
  )
}

async function take(client: RDSClient, kind: Kind, source: string, snapshot: string): Promise<void> {
  const { CreateDBClusterSnapshotCommand, CreateDBSnapshotCommand } = await import('@aws-sdk/client-rds')
  if (kind === 'instance')
    await client.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: source, DBSnapshotIdentifier: snapshot }))
  else
    await client.send(
      new CreateDBClusterSnapshotCommand({ DBClusterIdentifier: source, DBClusterSnapshotIdentifier: snapshot }),
    )
}

async function progress(client: RDSClient, kind: Kind, snapshot: string): Promise<{ status: string; percent: number }> {
  const { DescribeDBClusterSnapshotsCommand, DescribeDBSnapshotsCommand } = await import('@aws-sdk/client-rds')
  const [found] =
    kind === 'instance'
      ? ((await client.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: snapshot }))).DBSnapshots ?? [])
      : ((await client.send(new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier: snapshot })))
          .DBClusterSnapshots ?? [])
  return { status: found?.Status ?? 'missing', percent: found?.PercentProgress ?? 0 }
}
