import { generateKeyPairSync } from 'node:crypto'
import { type SigningKey, signingKey } from '../../src/delivery/signing.ts'

export function newKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  return signingKey(String(privateKey.export({ type: 'pkcs8', format: 'pem' })))
}
