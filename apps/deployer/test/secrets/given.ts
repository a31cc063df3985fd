import { generateKeyPairSync } from 'node:crypto'
import { secretTemplate } from '../../src/secrets/template.ts'

/** The ERS public key as the ceremony prints it: base64 of the SubjectPublicKeyInfo on one line. */
export const ersLine = (bits = 3072): string =>
  generateKeyPairSync('rsa', { modulusLength: bits })
    .publicKey.export({ type: 'spki', format: 'der' })
    .toString('base64')

export const identity = {
  AUDIENCE: 'urn:trivault:wallet',
  ISSUER: 'https://login.example.com/',
  CLIENT_ID_SPA: 'vault-ui',
  CLIENT_ID_NATIVE: 'approver-app',
}

/** Fills in empty keys of a template, as a person would. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce((filled, [name, value]) => {
    const empty = `${name}: ""`
    if (!filled.includes(empty)) throw new RangeError(`no empty ${name}`)
    return filled.replace(
      empty,
      value.includes('\n') ? `${name}: |\n${value.trimEnd().replace(/^/gm, '  ')}` : `${name}: '${value}'`,
    )
  }, text)
}

export const filledIn = (ers: string, root: { cert: string; key: string }): string =>
  fill(secretTemplate(), {
    ...{ ubiquity_org_username: 'acme', ubiquity_auth_token: 'token-of-the-data-api', ers_public_key: ers },
    ...{ 'broker-root-ca': root.cert, 'broker-root-ca-key': root.key, ...identity },
  })
