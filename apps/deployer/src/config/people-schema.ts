import type { Schema } from './yaml.ts'

export const email: Schema = {
  type: 'string',
  // ASCII only: another alphabet's letter looks the same and is another person.
  pattern: "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z]{2,63}$",
  maxLength: 254,
  description: 'an e-mail address, as the identity provider sends it',
  examples: ['ann@example.com'],
}

export const people: Schema = {
  type: 'array',
  minItems: 1,
  maxItems: 100,
  description:
    'The founders: these people, and only they, can sign in as Admin, and they approve the seal of the vault',
  remedy: 'list at least one person under adminUsers with email and name',
  items: {
    type: 'object',
    properties: {
      email,
      name: { type: 'string', minLength: 1, maxLength: 256, description: 'display name', examples: ['Ann'] },
      keyFingerprint: {
        type: 'string',
        pattern: '^[0-9a-f]{64}$',
        description:
          "fingerprint of this founder's device key, 64 lower-case hex digits; in founding mode `pinned` only",
        remedy: '`trivault approver init` prints it to the founder, who tells it to each node admin',
        examples: ['5f3a9c0de1b2748695a4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f00f1e'],
        defaultText: 'required in founding mode `pinned`',
      },
    },
    required: ['email', 'name'],
    additionalProperties: false,
  },
}

export const founding: Schema = {
  type: 'object',
  description: 'How the admin users found the vault. The Policy Nodes pin it; tenant-setup.json must say the same',
  properties: {
    mode: {
      type: 'string',
      enum: ['identity', 'pinned'],
      description:
        "`identity`: a founder's sign-in vouches for the first device key. `pinned`: the node admins pin the fingerprint of each founder's key (`adminUsers[].keyFingerprint`).",
      default: 'identity',
    },
    approvalsRequired: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      description: 'how many owners approve what the owners decide',
      examples: [2],
      defaultText: '2, or 1 with a single admin user',
    },
  },
  additionalProperties: false,
}
