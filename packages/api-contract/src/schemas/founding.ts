import Type from 'typebox'
import { base64, closed, entityName, index, list, oneOf, userId } from './base.ts'
import { RateUpdate } from './restrictions.ts'

const hash = () => Type.String({ pattern: '^[0-9a-f]{64}$', description: '64 lower-case hex digits' })
const coordinate = () => Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }))

/** A device's ID token, the issuer's key that signed it, and the device's own signature. */
export const VouchRequest = closed('trivaultVouchRequest', {
  UserID: userId(),
  PublicKey: Type.String({ pattern: '^[A-Za-z0-9+/]{87}=$', description: '65 bytes as standard base64' }),
  Channel: oneOf('trivaultKeyChannel', ['app', 'cli']),
  IDToken: Type.String({
    maxLength: 16_384,
    pattern: '^[A-Za-z0-9_.-]+$',
    description: 'compact JWT, as the identity provider gave it',
  }),
  IssuerKey: closed(
    'trivaultIssuerKey',
    {
      kty: oneOf('', ['RSA', 'EC']),
      n: Type.Optional(Type.String({ maxLength: 683, pattern: '^[A-Za-z0-9_-]+$' })),
      x: coordinate(),
      y: coordinate(),
    },
    { description: 'the public key as in the JWK set: n of RSA with exponent AQAB, or x and y on P-256' },
  ),
  Proof: base64(104),
})

export const thumbprints = () => list(hash(), { minItems: 1, maxItems: 32 })

/** New owners after a lost quorum; the wallet fills them in from what the node admins pinned. */
export const foundingEpoch = {
  Epoch: index(),
  Owners: list(
    closed('', { UserID: userId(), UserName: Type.String({ maxLength: 128 }), KeyFingerprint: Type.Optional(hash()) }),
  ),
  ApprovalsRequired: Type.Integer({ minimum: 1, maximum: 65_535 }),
}

/** The founding record, which the wallet fills in. */
export const foundingRecord = {
  Genesis: hash(),
  Epoch: index(),
  OwnerGroup: entityName(),
  ApprovalsRequired: Type.Integer({ minimum: 1, maximum: 65_535 }),
  Users: list(closed('', { UserID: userId(), KeyFingerprint: hash(), Channel: oneOf('', ['app', 'cli']) })),
  MasterKeys: list(
    closed('', {
      Name: entityName(),
      Curve: oneOf('', ['ECDSA_SECP256K1', 'EdDSA_Ed25519']),
      PublicKey: Type.String({ maxLength: 66 }),
      Transcript: hash(),
    }),
  ),
  Rates: list(RateUpdate),
}
