import type { Running } from './services/ecs/store.ts'

/** Container as it is to run: secrets are read, credentials of the task role are to be had from the environment. */
export type ContainerToRun = {
  readonly name: string
  readonly image: string
  readonly command: readonly string[]
  readonly entryPoint: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}
export type TaskToRun = {
  readonly account: string
  readonly region: string
  readonly cluster: string
  readonly taskArn: string
  readonly family: string
  /** ARN of the task definition. */
  readonly taskDefinition: string
  /** Name of the ECS service, if one wants the task. */
  readonly service: string | undefined
  readonly containers: readonly ContainerToRun[]
}
export type InstanceToRun = {
  readonly account: string
  readonly region: string
  readonly instanceId: string
  readonly instanceType: string
  readonly userData: string
  readonly enclave: boolean
  /** Credentials of the instance profile's role, endpoint and region. */
  readonly environment: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
}
export type ResourceContext = {
  readonly account: string
  readonly region: string
  readonly stackName: string
  readonly logicalId: string
}

/** Where a test puts real processes and addresses in place of what AWS would run. */
export type Hooks = {
  /** Starts a task. A rejection fails the deployment. */
  runTask?(task: TaskToRun): Promise<Running>
  /** Starts a host. A rejection fails the deployment. */
  runInstance?(instance: InstanceToRun): Promise<Running>
  /** Attributes that replace the double's own, as `Fn::GetAtt` and the service's operations show them. */
  attributes?(
    type: string,
    properties: Readonly<Record<string, unknown>>,
    context: ResourceContext,
  ): Readonly<Record<string, string>> | undefined
  /** Calls that never arrive: the caller is told so, and nothing happens. */
  breaksOff?(service: string, operation: string): boolean
  /** Value of the secret that RDS makes for the master user; random when absent. */
  masterPassword?(context: { readonly account: string; readonly identifier: string }): string | undefined
}
