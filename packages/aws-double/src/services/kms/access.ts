import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import type { KmsKey } from './store.ts'

export type EncryptionContext = Readonly<Record<string, string>>

/** ARN of a key or alias, from whatever a caller may name it by: id, ARN, alias, alias ARN. */
function fullArn({ account, region }: Call, reference: string): string {
  return reference.startsWith('arn:') ? reference : `arn:aws:kms:${region}:${account}:${keyPath(reference)}`
}
const keyPath = (reference: string): string => (reference.startsWith('alias/') ? reference : `key/${reference}`)

/**
 * The key that a reference names; an alias of another account only by its ARN.
 * @throws AwsError `NotFoundException`, or `AccessDenied` for a key of another account that is not there.
 */
export function keyOf(call: Call, reference: string): KmsKey {
  const { kms } = call.world
  const arn = fullArn(call, reference)
  const key = kms.keys.get(arn.includes(':alias/') ? (kms.aliases.get(arn) ?? '') : arn)
  if (key?.region === call.region) return key
  if (arn.split(':')[4] !== call.account) {
    throw new AwsError('AccessDenied', `${arn} does not exist, or no resource-based policy allows its use`, 403)
  }
  throw new AwsError('NotFoundException', `${arn} does not exist`, 400)
}

/** The alias by which a caller names a key. */
export const requestAlias = (reference: string): string | undefined => /alias\/.+$/.exec(reference)?.[0]

/** Authorises by the key's policy first; `context` are condition keys, `encryption` the encryption context. */
export function authorizeKey(
  call: Call,
  key: KmsKey,
  action: string,
  encryption: EncryptionContext = {},
  context: Readonly<Record<string, string | undefined>> = {},
): void {
  const pairs = Object.entries(encryption)
  const { requester } = call.caller
  authorize(call, {
    action,
    resource: key.arn,
    resourceAccount: key.account,
    policy: key.policy.policy,
    rule: 'resource-primary',
    resourceTags: key.tags,
    context: {
      'kms:CallerAccount': 'account' in requester ? requester.account : undefined,
      'kms:ViaService': call.via && `${call.via}.${call.region}.amazonaws.com`,
      'kms:KeySpec': key.material.spec,
      'kms:KeyUsage': key.material.usage,
      'kms:ResourceAliases': aliasesOf(call, key),
      'kms:EncryptionContextKeys': pairs.length > 0 ? pairs.map(([name]) => name) : undefined,
      ...Object.fromEntries(pairs.map(([name, value]) => [`kms:EncryptionContext:${name}`, value])),
      ...context,
    },
  })
}

/** @throws AwsError `DisabledException`, `KMSInvalidStateException` */
export function usable(key: KmsKey): KmsKey {
  if (key.deletion) throw new AwsError('KMSInvalidStateException', `${key.arn} is pending deletion`)
  if (!key.enabled) throw new AwsError('DisabledException', `${key.arn} is disabled`)
  return key
}

const aliasesOf = ({ world }: Call, key: KmsKey): readonly string[] | undefined => {
  const names = [...world.kms.aliases]
    .filter(([, arn]) => arn === key.arn)
    .map(([alias]) => alias.split(':').at(-1) ?? '')
  return names.length > 0 ? names : undefined
}

/** For services that use a customer's key in the caller's name. @returns the key. */
export function authorizeKeyUse(call: Call, reference: string, action: string, encryption: EncryptionContext): KmsKey {
  const key = keyOf(call, reference)
  authorizeKey(call, key, action, encryption)
  return usable(key)
}
