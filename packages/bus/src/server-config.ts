import { BusError } from './errors.ts'
import { checkParty, identityUri, inboxOf, type PartyName, subjectOf } from './names.ts'
import type { Credentials } from './pki.ts'

/** Largest message in bytes; the vault's own limits are below it. */
export const MAX_PAYLOAD = 4 * 1024 * 1024

export type ServerConfigOptions = {
  readonly host: string
  readonly port: number
  readonly server: Credentials
  readonly parties: readonly PartyName[]
}

/**
 * The configuration of nats-server: clients need a certificate of our root, are mapped by its subject alternative name,
 * publish only under their own name and read only their own inbox. Nothing else is allowed to anybody, and there is no
 * JetStream: durability belongs to PostgreSQL.
 * Throws BusError bad-argument.
 */
export function serverConfig({ host, port, server, parties }: ServerConfigOptions): string {
  for (const path of Object.values(server)) {
    if (/["\\\n]/.test(path)) throw new BusError('bad-argument', `path with a quote, backslash or line break: ${path}`)
  }
  const users = parties.map(checkParty).map(party => {
    const publish = parties.filter(to => to !== party).map(to => `"${subjectOf(party, to)}"`)
    return `    {
      user: "${identityUri(party)}"
      permissions: { publish: [${publish.join(', ')}], subscribe: ["${inboxOf(party)}"] }
    }`
  })
  return `# Written at every start.
server_name: "trivault"
listen: "${host}:${port}"
max_payload: ${MAX_PAYLOAD}
max_pending: ${64 * 1024 * 1024}
ping_interval: "20s"
write_deadline: "10s"
logtime: false
tls {
  cert_file: "${server.cert}"
  key_file: "${server.key}"
  ca_file: "${server.ca}"
  verify_and_map: true
  timeout: 10
}
authorization {
  timeout: 10
  users: [
${users.join('\n')}
  ]
}
`
}
