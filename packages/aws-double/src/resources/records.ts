import type { Provider, ResourceCall } from '../services/cloudformation/provider.ts'
import type { Properties } from '../services/cloudformation/store.ts'
import { type Change, changeRecord, zoneFor } from '../services/route53/service.ts'
import type { RecordSet } from '../services/route53/store.ts'

type Alias = { readonly DNSName: string; readonly HostedZoneId: string }

function recordOf(properties: Properties): RecordSet {
  const alias = properties.AliasTarget as Alias | undefined
  const name = String(properties.Name).toLowerCase()
  return {
    name: name.endsWith('.') ? name : `${name}.`,
    type: String(properties.Type),
    ttl: properties.TTL === undefined ? undefined : Number(properties.TTL),
    values: (properties.ResourceRecords ?? []) as readonly string[],
    alias: alias && { zone: alias.HostedZoneId, name: alias.DNSName },
  }
}

function change(call: ResourceCall, action: Change['action'], properties: Properties) {
  const zone = zoneFor(call, String(properties.HostedZoneId), 'route53:ChangeResourceRecordSets')
  const record = recordOf(properties)
  changeRecord(zone, { action, record })
  return { physicalId: record.name.replace(/\.$/, ''), attributes: {} }
}

export const recordSet: Provider = {
  properties: ['AliasTarget', 'HostedZoneId', 'Name', 'ResourceRecords', 'TTL', 'Type'],
  create: (properties, call) => change(call, 'CREATE', properties),
  update: (_, properties, __, call) => change(call, 'UPSERT', properties),
  remove(_, properties, call) {
    change(call, 'DELETE', properties)
  },
}
