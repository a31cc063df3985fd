import type { Schema } from '../config/yaml.ts'

/** Blocks of an identity provider; exactly one of them is filled in. */
export const providers = ['auth0', 'okta', 'entra', 'oidc'] as const
export type Provider = (typeof providers)[number]

/** What a secret is checked for before it goes anywhere. */
export type SecretForm = 'word' | 'ers-public-key' | 'root-ca' | 'root-ca-key' | 'rpc-urls'

/** One key of customer-secrets.yml: the template, the checks, the plan and the reference page all come from here. */
export interface SecretKey {
  readonly name: string
  readonly purpose: string
  readonly required: boolean
  readonly form: SecretForm
  readonly readBy: string
  /** What is run when it changes. */
  readonly restart: string
  /** Not secret, and asked of Policy Node admins too: they pin it. */
  readonly pinned?: true
}

const nobodyYet = 'nothing in this release'
const redeploy = '`make deploy-wallet`'

export const secretKeys: readonly SecretKey[] = [
  {
    name: 'ubiquity_org_username',
    purpose: 'workspace (organisation) name at the data API',
    required: true,
    form: 'word',
    readBy: nobodyYet,
    restart: 'nothing',
  },
  {
    name: 'ubiquity_auth_token',
    purpose: 'API key of the data API',
    required: true,
    form: 'word',
    readBy: nobodyYet,
    restart: 'nothing',
  },
  {
    name: 'ers_public_key',
    purpose: 'public key of the Emergency Recovery Secret: RSA of 3072 bits or more, as one line or PEM',
    required: true,
    form: 'ers-public-key',
    readBy: 'each Policy Node, from its own pins',
    restart: 'nothing: it is pinned at the founding; later the owners approve another one',
    pinned: true,
  },
  {
    name: 'broker-root-ca',
    purpose: 'root certificate of the broker (PEM in a literal block); `make broker-ca` makes it',
    required: true,
    form: 'root-ca',
    readBy: 'wallet, broker, Policy Node hosts',
    restart: `${redeploy}, \`make deploy-nitro-nodes\``,
  },
  {
    name: 'broker-root-ca-key',
    purpose: 'its private key (PKCS #8, PEM in a literal block): it gives delivery of messages, no authority of a node',
    required: true,
    form: 'root-ca-key',
    readBy: 'populate-secrets-wallet, which issues the certificates of the services',
    restart: 'as `broker-root-ca`',
  },
  {
    name: 'chainalysis-user',
    purpose: 'user of transaction risk screening',
    required: false,
    form: 'word',
    readBy: nobodyYet,
    restart: 'nothing',
  },
  {
    name: 'chainalysis-token',
    purpose: 'its token',
    required: false,
    form: 'word',
    readBy: nobodyYet,
    restart: 'nothing',
  },
  {
    name: 'canton-client-id',
    purpose: 'client of a Canton validator',
    required: false,
    form: 'word',
    readBy: nobodyYet,
    restart: 'nothing',
  },
  {
    name: 'canton-client-secret',
    purpose: 'its secret',
    required: false,
    form: 'word',
    readBy: nobodyYet,
    restart: 'nothing',
  },
  {
    name: 'custom-chain-rpc-urls',
    purpose: 'RPC URL of each chain, by CAIP-2 id, the only way to a chain in this release; URLs often carry a key',
    required: false,
    form: 'rpc-urls',
    readBy: 'wallet',
    restart: redeploy,
  },
]

/** Members of an identity provider's block. */
export const providerKeys = [
  { name: 'AUDIENCE', purpose: 'audience of access tokens: identifier of the API', required: true },
  { name: 'ISSUER', purpose: 'issuer, exactly as its discovery document writes it', required: true },
  { name: 'CLIENT_ID_SPA', purpose: 'client of the Vault UI', required: true },
  { name: 'CLIENT_ID_NATIVE', purpose: 'client of the Approver App', required: true },
  { name: 'EMAIL_CLAIM', purpose: 'claim of access tokens that holds the e-mail address', required: false },
  { name: 'EMAIL_VERIFIED_CLAIM', purpose: 'claim of access tokens that must be true of it', required: false },
] as const

export type ProviderBlock = Readonly<Record<'AUDIENCE' | 'ISSUER' | 'CLIENT_ID_SPA' | 'CLIENT_ID_NATIVE', string>> & {
  readonly EMAIL_CLAIM?: string
  readonly EMAIL_VERIFIED_CLAIM?: string
}

/** What differs between providers. `access`: claims of access tokens where the block names none. `id`: claims of ID tokens. */
export const providerFacts: Readonly<
  Record<
    Provider,
    {
      readonly title: string
      readonly access: { readonly EMAIL_CLAIM?: string; readonly EMAIL_VERIFIED_CLAIM?: string }
      readonly id: { readonly email: string; readonly emailVerified: string; readonly subject: string[] }
    }
  >
> = {
  auth0: {
    title: 'Auth0',
    access: {},
    id: { email: 'email', emailVerified: 'email_verified', subject: ['sub'] },
  },
  okta: {
    title: 'Okta',
    access: { EMAIL_CLAIM: 'email', EMAIL_VERIFIED_CLAIM: 'email_verified' },
    id: { email: 'email', emailVerified: 'email_verified', subject: ['sub'] },
  },
  entra: {
    title: 'Microsoft Entra ID',
    access: { EMAIL_CLAIM: 'email', EMAIL_VERIFIED_CLAIM: 'xms_edov' },
    id: { email: 'email', emailVerified: 'xms_edov', subject: ['tid', 'oid'] },
  },
  oidc: {
    title: 'any other OpenID Connect provider',
    access: {},
    id: { email: 'email', emailVerified: 'email_verified', subject: ['sub'] },
  },
}

const text: Schema = { type: 'string' }
const block: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(providerKeys.map(({ name, purpose }) => [name, { ...text, description: purpose }])),
  required: providerKeys.filter(({ required }) => required).map(({ name }) => name),
}

/** Kinds and names only: the messages of these rules repeat no value. */
export const secretFileSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...Object.fromEntries(
      secretKeys.map(({ name, purpose, form }) => [
        name,
        form === 'rpc-urls'
          ? { type: 'object', additionalProperties: text, description: purpose }
          : { ...text, description: purpose },
      ]),
    ),
    ...Object.fromEntries(providers.map(name => [name, block])),
  },
}
