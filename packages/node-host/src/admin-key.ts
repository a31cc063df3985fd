import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { open } from 'node:fs/promises'
import { fromBase64Url } from '@trivault/codec'
import { type AdminSigner, adminSignerOf } from '@trivault/protocol'
import { HostError } from './errors.ts'
import { isThere, keepNew } from './kept-file.ts'

/**
 * The node admin's signing key in a file (P-256, PKCS #8 PEM). Throws HostError bad-config: it is not there, not such a key, or
 * readable by others.
 */
export async function openAdminKey(path: string): Promise<AdminSigner> {
  let pem: string
  try {
    const handle = await open(path, 'r')
    try {
      if (((await handle.stat()).mode & 0o077) !== 0)
        throw new HostError('bad-config', `${path} can be read by others: make it yours alone with \`chmod 600\``)
      pem = await handle.readFile('utf8')
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if (cause instanceof HostError) throw cause
    throw new HostError('bad-config', `the admin key ${path} cannot be read: put it back from where you keep it`, {
      cause,
    })
  }
  try {
    const { d = '', crv } = createPrivateKey(pem).export({ format: 'jwk' })
    if (crv !== 'P-256') throw new RangeError(`a key on ${crv ?? 'no curve'}`)
    return adminSignerOf(fromBase64Url(d))
  } catch (cause) {
    throw new HostError('bad-config', `${path} is not a private key on P-256 in PEM`, { cause })
  }
}

/** The key of that file, made when there is none (0600); never replaced. Throws HostError provisioned, bad-config. */
export async function provideAdminKey(path: string): Promise<AdminSigner> {
  if (!(await isThere(path))) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    await keepNew(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  }
  return openAdminKey(path)
}
