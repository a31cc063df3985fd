import { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import type { Context } from '../context.ts'
import type { Finding } from '../findings.ts'
import { secretId, secretNames } from '../names.ts'
import { busParties } from '../secrets/wiring.ts'
import { fail, ok, warn } from './findings.ts'

const DAY_MS = 86_400_000
/** Time enough to renew at leisure. */
const WARN_DAYS = 30

export function expiryFinding(check: string, validTo: number, now: number, remedy: string): Finding {
  const days = Math.floor((validTo - now) / DAY_MS)
  if (days < 0) return fail(check, `ended ${-days} days ago`, remedy)
  return days < WARN_DAYS ? warn(check, `ends in ${days} days`, remedy) : ok(check, `valid for ${days} days`)
}

/** The end of a certificate in PEM. Throws when it is none. */
const endOf = (pem: string): number => Date.parse(new X509Certificate(pem).validTo)

/** Root and certificates of the broker, and the public one of the API. Of the wallet account. */
export async function checkCertificates(context: Context): Promise<Finding[]> {
  const deployment = context.deployment()
  const now = context.clock()
  const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager')
  const client = context.aws.client(SecretsManagerClient)
  const read = async (name: string): Promise<string | undefined> => {
    try {
      const SecretId = secretId(deployment, name)
      return (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString
    } catch (error) {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined
      throw error
    }
  }
  const root = await read('broker-root-ca')
  const parties = await Promise.all(
    busParties.map(async party => {
      const value: unknown = JSON.parse((await read(secretNames.brokerTls(party))) ?? 'null')
      const cert = typeof value === 'object' && value !== null && Reflect.get(value, 'cert')
      return typeof cert === 'string' ? [[`certificate of ${party}`, endOf(cert)] as const] : []
    }),
  )
  const renew = 'make populate-secrets-wallet renews it; then make deploy-wallet and make deploy-nitro-nodes'
  const api = await publicEnd(deployment.hosts.api)
  return [
    ...(root === undefined
      ? []
      : [expiryFinding('root of the broker', endOf(root), now, 'make broker-ca, then populate it and redeploy')]),
    ...parties.flat().map(([check, end]) => expiryFinding(check, end, now, renew)),
    ...(api === undefined
      ? []
      : [
          expiryFinding('certificate of the API', api, now, 'ACM renews it while its validation record is in the zone'),
        ]),
  ]
}

/** End of the certificate that a host shows; undefined when it cannot be reached, which `status` tells. */
function publicEnd(host: string): Promise<number | undefined> {
  return new Promise(resolve => {
    const socket = connect({ host, port: 443, servername: host, timeout: 5_000 })
    const end = (value: number | undefined): void => {
      socket.destroy()
      resolve(value)
    }
    socket.once('secureConnect', () => end(Date.parse(socket.getPeerCertificate().valid_to)))
    socket.once('timeout', () => end(undefined))
    socket.once('error', () => end(undefined))
  })
}
