import { ed25519 } from '@noble/curves/ed25519.js'
import { utf8 } from '@trivault/codec'
import { type CommandOf, encodeIntent, type Genesis, type Intent, sha256 } from '@trivault/protocol'

/** Ed25519 seed of a node's identity. */
export const seedOf = (node: number): Uint8Array => sha256(utf8(`node ${node}`))
export const masterSecretOf = (name: string): Uint8Array => sha256(utf8(`master key ${name}`))
export const chainCodeOf = (name: string): Uint8Array => sha256(utf8(`chain code ${name}`))

export const ersKey: Uint8Array = utf8('an ERS public key')

/** A genesis with test identities. */
export function testGenesis(changes: Partial<Genesis> = {}): Genesis {
  return {
    version: 1,
    deploymentId: 'test',
    identityKeys: [0, 1, 2].map(node => ed25519.getPublicKey(seedOf(node))),
    ersFingerprint: sha256(ersKey),
    foundingMode: 'open',
    founders: [],
    foundersRequired: 1,
    founderKeys: [],
    issuer: 'https://idp.example.com',
    approverClientId: 'approver',
    jwksThumbprints: [],
    claims: { email: 'email', emailVerified: 'email_verified', subject: ['sub'] },
    profile: 'local',
    rulesVersion: 1,
    ...changes,
  }
}

export function setupCommand(changes: Partial<CommandOf<'setup'>> = {}): CommandOf<'setup'> {
  return {
    type: 'setup',
    bodyHash: new Uint8Array(32),
    users: [
      { id: 'Alice@example.com', name: 'Alice' },
      { id: 'bob@example.com', name: 'Bob' },
      { id: 'carol@example.com', name: 'Carol' },
    ],
    group: 'owner',
    approvalsRequired: 1,
    rates: [{ asset: 'ETH', usdRate: '3000', usdMin: undefined, usdMax: undefined }],
    masterKeys: [{ name: 'Default', accounts: ['treasury'] }],
    chains: ['eip155:31337'],
    ...changes,
  }
}

export function startCommand(intent: Intent): CommandOf<'start'> {
  return { type: 'start', operationId: intent.OperationID, intent: encodeIntent(intent) }
}
