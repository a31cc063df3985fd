import type { Running } from '../ecs/store.ts'

export type Instance = {
  readonly id: string
  readonly account: string
  readonly region: string
  readonly type: string
  readonly userData: string
  readonly enclave: boolean
  readonly role: string | undefined
  readonly tags: Readonly<Record<string, string>>
  running: Running | undefined
}

/** Instances by id. */
export type Ec2Store = { readonly instances: Map<string, Instance> }

export const createEc2Store = (): Ec2Store => ({ instances: new Map() })
