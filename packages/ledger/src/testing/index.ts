export * from './contracts.ts'
export * from './memory.ts'
