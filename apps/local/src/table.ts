import { vaultIdOf } from '@trivault/protocol'
import { pairingLink } from '@trivault/web-config'
import type { Endpoints } from './endpoints.ts'
import type { Home } from './home.ts'
import { pinsOf } from './provision.ts'
import type { ServiceStatus } from './supervisor.ts'

/** The lines that a start ends with: addresses, processes, sample sign-ins. */
export function endpointsTable(endpoints: Endpoints, status: readonly ServiceStatus[], home: Home): string[] {
  const pins = pinsOf(home)
  const rows: [string, string][] = [
    ['API', endpoints.api ?? '-'],
    ...(endpoints.console ? ([['Console', endpoints.console]] as [string, string][]) : []),
    ...(endpoints.approver ? ([['Approver App', endpoints.approver]] as [string, string][]) : []),
    ...(endpoints.approver && pins
      ? ([['Pair a device', pairingLink(endpoints.approver, vaultIdOf(pins))]] as [string, string][])
      : []),
    ['API description', endpoints.api ? `${endpoints.api}/api/openapi.json` : '-'],
    ['Identity provider', endpoints.oidc ?? '-'],
    ['EVM dev chain', endpoints.evmRpc ? `${endpoints.evmRpc}  (chain id ${endpoints.chainId})` : '-'],
    ['Broker', endpoints.nats ?? '-'],
    ['Home', `${home.dir}  (endpoints.json has these addresses and the API keys; logs/ has the logs)`],
  ]
  const down = status.filter(service => service.pid === undefined).map(service => service.name)
  return [
    ...aligned('Addresses', rows),
    ...aligned('Processes', [
      ['running', status.flatMap(({ name, pid }) => (pid === undefined ? [] : [`${name} ${pid}`])).join('  ')],
      ...(down.length > 0 ? ([['not running', down.join('  ')]] as [string, string][]) : []),
    ]),
    ...aligned(
      'Sample sign-ins (local only)',
      endpoints.users.map(user => [user.id, user.password]),
    ),
  ]
}

function aligned(title: string, rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([label]) => label.length))
  return ['', title, ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`)]
}
