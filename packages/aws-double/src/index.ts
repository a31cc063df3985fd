export {
  type AccountOptions,
  type AwsDouble,
  type DoubleOptions,
  type Keys,
  startAwsDouble,
} from './double.ts'
export type { ContainerToRun, Hooks, InstanceToRun, ResourceContext, TaskToRun } from './hooks.ts'
export type { SecureEndpoint } from './http/secure.ts'
export type { PolicyDocument } from './iam/document.ts'
export type { Running } from './services/ecs/store.ts'
export type { CallRecord, DecisionRecord } from './world.ts'
