export { type CoreOptions, runCore } from './core-process.ts'
export { NodeError, type NodeErrorCode } from './errors.ts'
export { anchorKeyOf, createFileAnchor, type FileAnchorOptions, openFileAnchor } from './file-anchor.ts'
export {
  batchedWriter,
  type CoreMessage,
  decodeCoreMessage,
  encodeHostMessage,
  FrameDecoder,
  type HostMessage,
  LINK_VERSION,
  LinkError,
  type LinkErrorCode,
  MAX_FRAME_BYTES,
  MAX_MAIL_BYTES,
  MAX_ROWS,
} from './link.ts'
export { type HostLink, type HostLinkOptions, type Init, openHostLink } from './link-client.ts'
export { nativeVerifiers } from './native-verifiers.ts'
export { type Node, type NodeOptions, startNode } from './node.ts'
export { Pipes } from './pipe.ts'
export type * from './ports.ts'
export {
  createNodeSecret,
  decodeNodeSecret,
  encodeNodeSecret,
  type FirstSecret,
  type FirstSecretOptions,
  firstSecret,
  identityKeyOf,
  NODE_SECRET_LENGTH,
  secretContext,
} from './secret.ts'
export { type FirstAnchorItem, firstAnchorItem, firstAnchorRow } from './table/admin-table.ts'
export { warmUp } from './warm-up.ts'
