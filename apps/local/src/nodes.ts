export const NODES = [0, 1, 2] as const
export type NodeIndex = (typeof NODES)[number]
export const nodeName = (index: NodeIndex) => `node${index}` as const
