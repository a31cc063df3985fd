import type { Call } from '../../call.ts'

export const instanceArn = ({ account, region }: Call, identifier: string): string =>
  `arn:aws:rds:${region}:${account}:db:${identifier}`

export const snapshotArn = ({ account, region }: Call, identifier: string): string =>
  `arn:aws:rds:${region}:${account}:snapshot:${identifier}`
