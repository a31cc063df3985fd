export { decide } from './decide.ts'
export { describeRequirement, mergeRequirements, unmet } from './requirements.ts'
export type * from './types.ts'
