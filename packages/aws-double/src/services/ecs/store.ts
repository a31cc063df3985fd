import type { RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs'

export type Cluster = { readonly name: string; readonly arn: string; readonly account: string; readonly region: string }

export type TaskDefinition = RegisterTaskDefinitionCommandInput & {
  readonly arn: string
  readonly account: string
  readonly region: string
  readonly family: string
  readonly revision: number
  active: boolean
}

/** Something that a hook started. */
export type Running = {
  stop(): Promise<void>
  /** When it ends by itself. */
  readonly exited?: Promise<{ readonly exitCode: number; readonly reason?: string }>
}

export type Task = {
  readonly arn: string
  readonly cluster: string
  readonly definition: string
  readonly account: string
  readonly region: string
  readonly group: string
  readonly started: Date
  status: 'RUNNING' | 'STOPPED'
  exitCode: number | undefined
  stoppedReason: string | undefined
  running: Running | undefined
}

export type EcsService = {
  readonly name: string
  readonly arn: string
  readonly cluster: string
  readonly account: string
  readonly region: string
  readonly created: Date
  definition: string
  desiredCount: number
  tasks: Task[]
}

/** All by ARN. */
export type EcsStore = {
  readonly clusters: Map<string, Cluster>
  readonly definitions: Map<string, TaskDefinition>
  readonly services: Map<string, EcsService>
  readonly tasks: Map<string, Task>
}

export const createEcsStore = (): EcsStore => ({
  clusters: new Map(),
  definitions: new Map(),
  services: new Map(),
  tasks: new Map(),
})
