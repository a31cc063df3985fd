export type * from './ports.ts'
export { createNodeSecret, decodeNodeSecret, encodeNodeSecret, identityKeyOf } from './secret.ts'
