import { createHash } from 'node:crypto'
import { toHex } from '@trivault/codec'
import { EifError } from './errors.ts'

/** SHA-384 values, 96 lower-case hex digits each; PCR8 where the image is signed. */
export type PcrSet = { readonly pcr0: string; readonly pcr1: string; readonly pcr2: string; readonly pcr8?: string }

export type Measured = { kernel: Uint8Array; cmdline: Uint8Array; ramdisks: readonly Uint8Array[] }

/**
 * One register as the Nitro hypervisor fills it: extended once, from zeros, with the digest of all parts.
 * Source: aws-nitro-enclaves-image-format, src/defs/eif_hasher.rs (`tpm_extend_finalize_reset`).
 */
const register = (...parts: readonly Uint8Array[]): string => {
  const digest = createHash('sha384')
  for (const part of parts) digest.update(part)
  return toHex(new Uint8Array(createHash('sha384').update(new Uint8Array(48)).update(digest.digest()).digest()))
}

/**
 * PCR0: kernel, command line and all ramdisks; PCR1: the same up to the first ramdisk; PCR2: the other ramdisks.
 * Source: aws-nitro-enclaves-image-format, src/utils/mod.rs (`measure`).
 */
export const measure = ({ kernel, cmdline, ramdisks }: Measured): Omit<PcrSet, 'pcr8'> => {
  const [boot, ...application] = ramdisks
  return {
    pcr0: register(kernel, cmdline, ...ramdisks),
    pcr1: register(kernel, cmdline, ...(boot === undefined ? [] : [boot])),
    pcr2: register(...application),
  }
}

/** PCR8 of an image signed under this certificate. @param certificate DER */
export const measureCertificate = (certificate: Uint8Array): string => register(certificate)

const ALGORITHM = 'Sha384 { ... }'
const NAMES = { PCR0: 'pcr0', PCR1: 'pcr1', PCR2: 'pcr2', PCR8: 'pcr8' } as const

/** The text of pcr.json, with the names and the order that `nitro-cli describe-eif` prints as "Measurements". */
export const pcrJson = ({ pcr0, pcr1, pcr2, pcr8 }: PcrSet): string => {
  const signed = pcr8 === undefined ? {} : { PCR8: pcr8 }
  return `${JSON.stringify({ HashAlgorithm: ALGORITHM, PCR0: pcr0, PCR1: pcr1, PCR2: pcr2, ...signed }, undefined, 2)}\n`
}

/**
 * Inverse of `pcrJson`, for a file from elsewhere: exactly these members, each register 96 lower-case hex digits.
 * @throws EifError `pcr-json`
 */
export const parsePcrJson = (text: string): PcrSet => {
  const refuse = (what: string, cause?: unknown): EifError =>
    new EifError('pcr-json', `pcr.json: ${what}; fetch the file again, and check where it came from`, { cause })
  let value: unknown
  try {
    value = text.length > 4096 ? undefined : JSON.parse(text)
  } catch (cause) {
    throw refuse('not JSON', cause)
  }
  if (typeof value !== 'object' || value === null) throw refuse('not an object with the measurements of one image')
  const { HashAlgorithm, ...registers } = value as Record<string, unknown>
  if (HashAlgorithm !== ALGORITHM) throw refuse(`HashAlgorithm is not "${ALGORITHM}"`)
  const pcrs: Partial<Record<keyof PcrSet, string>> = {}
  for (const [name, register] of Object.entries(registers)) {
    if (!Object.hasOwn(NAMES, name)) throw refuse(`unknown member ${JSON.stringify(name.slice(0, 40))}`)
    if (typeof register !== 'string' || !/^[0-9a-f]{96}$/.test(register)) throw refuse(`${name} is no SHA-384 value`)
    pcrs[NAMES[name as keyof typeof NAMES]] = register
  }
  const { pcr0, pcr1, pcr2, pcr8 } = pcrs
  if (pcr0 === undefined || pcr1 === undefined || pcr2 === undefined) throw refuse('PCR0, PCR1 or PCR2 is missing')
  return pcr8 === undefined ? { pcr0, pcr1, pcr2 } : { pcr0, pcr1, pcr2, pcr8 }
}
