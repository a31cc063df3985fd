import type {
  ChangeResourceRecordSetsCommandInput,
  GetHostedZoneCommandInput,
  ListHostedZonesByNameCommandInput,
  ListResourceRecordSetsCommandInput,
  ResourceRecordSet,
} from '@aws-sdk/client-route-53'
import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { only, type Service } from '../../service.ts'
import type { HostedZone, RecordSet } from './store.ts'

const idOf = (reference: string): string => reference.replace(/^\/?hostedzone\//, '')

/** Authorises an action on a zone of the caller's account. @throws AwsError `NoSuchHostedZone` */
export function zoneFor(call: Call, reference: string, action: string): HostedZone {
  const id = idOf(reference)
  const zone = call.world.route53.zones.get(id)
  authorize(call, {
    action,
    resource: `arn:aws:route53:::hostedzone/${id}`,
    resourceAccount: zone?.account ?? call.account,
  })
  if (zone?.account !== call.account) throw new AwsError('NoSuchHostedZone', `No hosted zone found with ID: ${id}`, 404)
  return zone
}

const fullName = (name: string): string => (name.endsWith('.') ? name : `${name}.`).toLowerCase()

export type Change = { readonly action: 'CREATE' | 'UPSERT' | 'DELETE'; readonly record: RecordSet }

/** Changes a record of a zone. @throws AwsError `InvalidChangeBatch` */
export function changeRecord(zone: HostedZone, { action, record }: Change): void {
  const key = `${record.name} ${record.type}`
  if (record.name !== zone.name && !record.name.endsWith(`.${zone.name}`)) {
    throw new AwsError('InvalidChangeBatch', `RRSet with DNS name ${record.name} is not permitted in zone ${zone.name}`)
  }
  const exists = zone.records.has(key)
  if (action === 'CREATE' && exists)
    throw new AwsError('InvalidChangeBatch', `Tried to create resource record set [${key}] but it already exists`)
  if (action === 'DELETE' && !exists)
    throw new AwsError('InvalidChangeBatch', `Tried to delete resource record set [${key}] but it was not found`)
  if (action === 'DELETE') zone.records.delete(key)
  else zone.records.set(key, record)
}

const toRecord = (set: ResourceRecordSet): RecordSet => ({
  name: fullName(set.Name ?? ''),
  type: set.Type ?? '',
  ttl: set.TTL,
  values: (set.ResourceRecords ?? []).map(({ Value }) => Value ?? ''),
  alias: set.AliasTarget && { zone: set.AliasTarget.HostedZoneId ?? '', name: fullName(set.AliasTarget.DNSName ?? '') },
})

const fromRecord = ({ name, type, ttl, values, alias }: RecordSet) => ({
  Name: name,
  Type: type,
  ...(ttl === undefined ? {} : { TTL: ttl }),
  ...(values.length > 0 ? { ResourceRecords: values.map(Value => ({ Value })) } : {}),
  ...(alias ? { AliasTarget: { HostedZoneId: alias.zone, DNSName: alias.name, EvaluateTargetHealth: false } } : {}),
})

function changeResourceRecordSets(input: ChangeResourceRecordSetsCommandInput, call: Call) {
  only(input, ['ChangeBatch', 'HostedZoneId'])
  const zone = zoneFor(call, input.HostedZoneId ?? '', 'route53:ChangeResourceRecordSets')
  const changes = input.ChangeBatch?.Changes ?? []
  for (const { Action: action = 'CREATE', ResourceRecordSet: set } of changes) {
    changeRecord(zone, { action, record: toRecord(set ?? { Name: undefined, Type: undefined }) })
  }
  return {
    ChangeInfo: { Id: `/change/${crypto.randomUUID()}`, Status: 'INSYNC', SubmittedAt: new Date(call.world.clock()) },
  }
}

function listResourceRecordSets(input: ListResourceRecordSetsCommandInput, call: Call) {
  only(input, ['HostedZoneId', 'MaxItems', 'StartRecordName', 'StartRecordType'])
  const zone = zoneFor(call, input.HostedZoneId ?? '', 'route53:ListResourceRecordSets')
  const from = input.StartRecordName === undefined ? '' : fullName(input.StartRecordName)
  const records = [...zone.records.values()]
    .filter(({ name }) => name >= from)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return { ResourceRecordSets: records.map(fromRecord), IsTruncated: false, MaxItems: 300 }
}

const described = ({ id, name }: HostedZone) => ({
  Id: `/hostedzone/${id}`,
  Name: name,
  CallerReference: id,
  Config: { PrivateZone: false },
})

function getHostedZone(input: GetHostedZoneCommandInput, call: Call) {
  const zone = zoneFor(call, input.Id ?? '', 'route53:GetHostedZone')
  return { HostedZone: described(zone), DelegationSet: { NameServers: ['ns-1.example.com'] } }
}

function listHostedZonesByName(input: ListHostedZonesByNameCommandInput, call: Call) {
  authorize(call, { action: 'route53:ListHostedZonesByName', resource: '*' })
  const from = input.DNSName === undefined ? '' : fullName(input.DNSName)
  const zones = [...call.world.route53.zones.values()].filter(
    ({ account, name }) => account === call.account && name >= from,
  )
  return { HostedZones: zones.map(described), IsTruncated: false, MaxItems: 100 }
}

export const route53: Service = {
  name: 'route53',
  protocol: 'rest-xml',
  client: () => import('@aws-sdk/client-route-53'),
  operations: {
    ChangeResourceRecordSets: changeResourceRecordSets,
    GetHostedZone: getHostedZone,
    ListHostedZonesByName: listHostedZonesByName,
    ListResourceRecordSets: listResourceRecordSets,
  },
}
