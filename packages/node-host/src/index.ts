export { HostError, type HostErrorCode } from './errors.ts'
export { type NodeCard, type ProvisionOptions, provisionNode } from './provision.ts'
