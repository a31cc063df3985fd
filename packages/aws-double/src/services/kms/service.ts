import type { Service } from '../../service.ts'
import {
  createAlias,
  createGrant,
  createKey,
  deleteAlias,
  describeKey,
  disableKey,
  enableKeyRotation,
  getKeyPolicy,
  listAliases,
  listGrants,
  putKeyPolicy,
  scheduleKeyDeletion,
} from './keys.ts'
import { getPublicKey, sign } from './sign.ts'
import { decrypt, encrypt, generateDataKey } from './use.ts'

export const kms: Service = {
  name: 'kms',
  protocol: 'json',
  client: () => import('@aws-sdk/client-kms'),
  operations: {
    CreateAlias: createAlias,
    CreateGrant: createGrant,
    CreateKey: createKey,
    Decrypt: decrypt,
    DeleteAlias: deleteAlias,
    DescribeKey: describeKey,
    DisableKey: disableKey,
    EnableKeyRotation: enableKeyRotation,
    Encrypt: encrypt,
    GenerateDataKey: generateDataKey,
    GetKeyPolicy: getKeyPolicy,
    GetPublicKey: getPublicKey,
    ListAliases: listAliases,
    ListGrants: listGrants,
    PutKeyPolicy: putKeyPolicy,
    ScheduleKeyDeletion: scheduleKeyDeletion,
    Sign: sign,
  },
}
