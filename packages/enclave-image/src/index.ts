/**
 * Nitro enclave image files: build them from a kernel, a boot ramdisk and application files, read them, and compute the
 * platform configuration registers (PCRs) that a Nitro hypervisor would measure. See README.md.
 */
export { collectPolicyNode, type PolicyNodeSource } from './collect.ts'
export { type AppFile, readCpio, writeCpio } from './cpio.ts'
export { type RuntimeFile, runtimeFiles } from './elf.ts'
export { EifError, type EifErrorCode } from './errors.ts'
export { type Architecture, buildEif, type EifInput, measureEif, type ParsedEif, parseEif } from './image.ts'
export { type PcrSet, parsePcrJson, pcrJson } from './measure.ts'
export type { EifMetadata } from './metadata.ts'
export { type SigningInput, signerFromPem } from './signature.ts'
