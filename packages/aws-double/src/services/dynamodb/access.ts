import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import type { Table } from './store.ts'

/** ARN of a table that is named by its name (of the caller's account) or by its ARN. */
export const tableArn = ({ account, region }: Call, reference: string): string =>
  reference.startsWith('arn:') ? reference : `arn:aws:dynamodb:${region}:${account}:table/${reference}`

/** Authorises an action on a table, also of another account, and finds it. @throws AwsError `ResourceNotFoundException` */
export function tableFor(call: Call, reference: string, action: string): Table {
  const arn = tableArn(call, reference)
  const table = call.world.dynamodb.tables.get(arn)
  authorize(call, { action, resource: arn, resourceAccount: arn.split(':')[4] ?? '', policy: table?.policy?.policy })
  if (table?.region !== call.region) throw new AwsError('ResourceNotFoundException', 'Requested resource not found')
  return table
}
