import { CfnCertificate } from 'aws-cdk-lib/aws-certificatemanager'
import { CfnAlias, CfnKey } from 'aws-cdk-lib/aws-kms'
import { CfnDBInstance, CfnDBParameterGroup, CfnDBSubnetGroup } from 'aws-cdk-lib/aws-rds'
import { CfnPrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery'
import type { Stack } from 'aws-cdk-lib/core'
import type { Deployment } from '../model.ts'
import { databaseIdentifier, dataKeyAlias, internalDomain, stackNames } from '../names.ts'
import type { StackBuilder } from './inputs.ts'
import { buildNetwork, type Network, ports } from './network.ts'
import { accountPrincipal, document } from './statements.ts'
import { exportValue, retainState, vaultStack } from './vault-stack.ts'

/** Network, database, internal names and the certificate of the API. */
export const buildWalletLongLived: StackBuilder<'wallet-long-lived'> = (app, deployment) => {
  const stack = vaultStack(app, deployment, {
    name: stackNames.walletLongLived(deployment),
    account: deployment.accounts.wallet,
    region: deployment.region,
    description: 'Trivault: network, database and API certificate of the wallet',
    longLived: true,
  })
  const network = buildNetwork(stack, deployment)
  const key = dataKey(stack, deployment)
  database(stack, deployment, network, key)
  const certificate = new CfnCertificate(stack, 'ApiCertificate', {
    domainName: deployment.hosts.api,
    validationMethod: 'DNS',
    domainValidationOptions: [{ domainName: deployment.hosts.api, hostedZoneId: deployment.zones.wallet.id }],
  })
  exportValue(stack, deployment, 'ApiCertificate', certificate.ref)
  const names = new CfnPrivateDnsNamespace(stack, 'InternalNames', {
    name: internalDomain(deployment),
    vpc: network.vpcId,
  })
  exportValue(stack, deployment, 'InternalNamespace', names.attrId)
  retainState(stack)
  return stack
}

/** For the database and its master credentials. */
function dataKey(stack: Stack, deployment: Deployment): CfnKey {
  const key = new CfnKey(stack, 'DataKey', {
    description: `Database of ${deployment.namespace} ${deployment.environment}`,
    enableKeyRotation: true,
    pendingWindowInDays: 30,
    keyPolicy: document([
      {
        Sid: 'ByPoliciesOfTheAccount',
        Effect: 'Allow',
        Principal: accountPrincipal(deployment.accounts.wallet),
        Action: ['kms:*'],
        Resource: '*',
      },
    ]),
  })
  new CfnAlias(stack, 'DataKeyAlias', { aliasName: dataKeyAlias(deployment), targetKeyId: key.ref })
  exportValue(stack, deployment, 'DataKey', key.attrArn)
  return key
}

/**
 * One PostgreSQL server; each node and the wallet has a database and a role of its own in it, which the database-setup task
 * makes. Nodes trust nothing that it holds: their records are sealed.
 */
function database(stack: Stack, deployment: Deployment, network: Network, key: CfnKey): void {
  const { instanceClass, multiAz, backupDays } = deployment.database
  const subnets = new CfnDBSubnetGroup(stack, 'DatabaseSubnets', {
    dbSubnetGroupDescription: `${deployment.namespace} ${deployment.environment}`,
    subnetIds: [...network.isolatedSubnets],
  })
  const parameters = new CfnDBParameterGroup(stack, 'DatabaseParameters', {
    family: 'postgres18',
    description: 'TLS only',
    parameters: { 'rds.force_ssl': '1' },
  })
  const instance = new CfnDBInstance(stack, 'Database', {
    dbInstanceIdentifier: databaseIdentifier(deployment),
    dbInstanceClass: instanceClass,
    engine: 'postgres',
    engineVersion: '18',
    port: String(ports.database),
    allocatedStorage: '50',
    maxAllocatedStorage: 500,
    storageType: 'gp3',
    storageEncrypted: true,
    kmsKeyId: key.attrArn,
    masterUsername: 'trivault_admin',
    manageMasterUserPassword: true,
    masterUserSecret: { kmsKeyId: key.attrArn },
    dbSubnetGroupName: subnets.ref,
    dbParameterGroupName: parameters.ref,
    vpcSecurityGroups: [network.databaseGroup],
    publiclyAccessible: false,
    multiAz,
    backupRetentionPeriod: backupDays,
    copyTagsToSnapshot: true,
    deletionProtection: true,
    deleteAutomatedBackups: false,
    autoMinorVersionUpgrade: true,
    enableCloudwatchLogsExports: ['postgresql'],
  })
  exportValue(stack, deployment, 'DatabaseHost', instance.attrEndpointAddress)
  exportValue(stack, deployment, 'DatabasePort', instance.attrEndpointPort)
  exportValue(stack, deployment, 'DatabaseMasterSecret', instance.attrMasterUserSecretSecretArn)
}
