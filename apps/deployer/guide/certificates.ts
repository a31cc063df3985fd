import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Paths of PEM files. */
export interface ServerCertificate {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** An authority like those that ACM and RDS have, and one certificate of it for these host names. */
export function issueServerCertificate(dir: string, hosts: readonly string[]): ServerCertificate {
  const at = (name: string): string => join(dir, name)
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' })
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  writeFileSync(at('san.ext'), `subjectAltName=${hosts.map(host => `DNS:${host}`).join(',')}\n`)
  const root = ['-addext', 'basicConstraints=critical,CA:true', '-addext', 'keyUsage=critical,keyCertSign']
  openssl('req', '-x509', ...ec, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=Guide authority', ...root)
  openssl('req', ...ec.slice(0, -2), '-keyout', at('server.key'), '-out', at('server.csr'), '-subj', '/CN=server')
  const signer = [
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    at('san.ext'),
  ]
  openssl('x509', '-req', '-in', at('server.csr'), '-out', at('server.pem'), ...signer)
  return { ca: at('ca.pem'), cert: at('server.pem'), key: at('server.key') }
}
