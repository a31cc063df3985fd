import { crc32 } from 'node:zlib'
import { fromUtf8, utf8 } from '@trivault/codec'
import { type AppFile, writeCpio } from './cpio.ts'
import { EifError } from './errors.ts'
import { measure, measureCertificate, type PcrSet } from './measure.ts'
import { type EifMetadata, readMetadata, writeMetadata } from './metadata.ts'
import { certificateOf, readSignature, type SigningInput, writeSignature } from './signature.ts'

/**
 * Enclave image files, version 4: a header of 548 bytes, then sections, each behind 12 bytes of its own; all integers
 * big-endian. Source: aws-nitro-enclaves-image-format (935dc62), src/defs/mod.rs and src/utils/mod.rs.
 */
const MAGIC = '.eif'
const VERSION = 4
const MAX_SECTIONS = 32
const HEADER = 548
const SECTION_HEADER = 12
const AT = {
  version: 4,
  flags: 6,
  memory: 8,
  cpus: 16,
  reserved: 24,
  count: 26,
  offsets: 28,
  sizes: 284,
  unused: 540,
  crc: 544,
}
const ARM64 = 1
/** What `nitro-cli` writes; the operator's own numbers win when the enclave is started. */
const [DEFAULT_MEMORY, DEFAULT_CPUS] = [1024n * 1024n * 1024n, 2n]
const MAX_IMAGE = 2 ** 31
const MAX_CMDLINE = 2047

const TYPE = { kernel: 1, cmdline: 2, ramdisk: 3, signature: 4, metadata: 5 } as const
type Section = { type: number; data: Uint8Array }

export type Architecture = 'x86_64' | 'arm64'

export type EifInput = {
  /** Linux: bzImage for x86_64, Image for arm64. */
  readonly kernel: Uint8Array
  readonly cmdline: string
  /** With the enclave's init and the driver of the security module: the part that PCR1 measures. */
  readonly bootRamdisk: Uint8Array
  /** What the init starts: `cmd`, `env` and `rootfs/…`. */
  readonly appFiles: readonly AppFile[]
  readonly architecture?: Architecture
  readonly metadata: EifMetadata
  readonly signing?: SigningInput
}

export type ParsedEif = {
  readonly architecture: Architecture
  readonly kernel: Uint8Array
  readonly cmdline: string
  /** The first boots, the others hold the application. */
  readonly ramdisks: readonly Uint8Array[]
  readonly metadata: EifMetadata
  readonly signature?: { readonly certificatePem: string; readonly certificate: Uint8Array }
  /** Computed from the bytes. */
  readonly pcrs: PcrSet
}

const cmdlineBytes = (cmdline: string): Uint8Array => {
  if (!/^[\x20-\x7e]*$/.test(cmdline) || cmdline.length > MAX_CMDLINE) {
    throw new EifError('cmdline', `the kernel's command line has at most ${MAX_CMDLINE} printable ASCII characters`)
  }
  return utf8(cmdline)
}

/**
 * Builds an image. Pure but for the signature: the same input gives the same bytes.
 * @throws EifError `app-file`, `cmdline`, `metadata`, `signature`, `limit`
 */
export const buildEif = (input: EifInput): { bytes: Uint8Array; pcrs: PcrSet } => {
  const { kernel, signing } = input
  if (kernel.length === 0 || input.bootRamdisk.length === 0) {
    throw new EifError(
      'section',
      'an image needs a kernel and a ramdisk that boots; see the README for where they come from',
    )
  }
  const cmdline = cmdlineBytes(input.cmdline)
  const ramdisks = [input.bootRamdisk, writeCpio(input.appFiles)]
  const pcrs = withCertificate(measure({ kernel, cmdline, ramdisks }), signing && certificateOf(signing))
  const sections: Section[] = [
    { type: TYPE.kernel, data: kernel },
    { type: TYPE.cmdline, data: cmdline },
    { type: TYPE.metadata, data: writeMetadata(input.metadata) },
    ...ramdisks.map(data => ({ type: TYPE.ramdisk, data })),
    ...(signing === undefined ? [] : [{ type: TYPE.signature, data: writeSignature(signing, pcrs.pcr0) }]),
  ]
  return { bytes: assemble(sections, input.architecture === 'arm64' ? ARM64 : 0), pcrs }
}

const withCertificate = (pcrs: PcrSet, certificate?: Uint8Array): PcrSet =>
  certificate === undefined ? pcrs : { ...pcrs, pcr8: measureCertificate(certificate) }

const assemble = (sections: readonly Section[], flags: number): Uint8Array => {
  const length = sections.reduce((sum, { data }) => sum + SECTION_HEADER + data.length, HEADER)
  if (length > MAX_IMAGE) throw new EifError('limit', `the image has more than ${MAX_IMAGE} bytes`)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  bytes.set(utf8(MAGIC))
  view.setUint16(AT.version, VERSION)
  view.setUint16(AT.flags, flags)
  view.setBigUint64(AT.memory, DEFAULT_MEMORY)
  view.setBigUint64(AT.cpus, DEFAULT_CPUS)
  view.setUint16(AT.count, sections.length)
  let at = HEADER
  for (const [i, { type, data }] of sections.entries()) {
    view.setBigUint64(AT.offsets + 8 * i, BigInt(at))
    view.setBigUint64(AT.sizes + 8 * i, BigInt(data.length))
    view.setUint16(at, type)
    view.setBigUint64(at + 4, BigInt(data.length))
    bytes.set(data, at + SECTION_HEADER)
    at += SECTION_HEADER + data.length
  }
  view.setUint32(AT.crc, checksum(bytes))
  return bytes
}

/** CRC-32 (ISO-HDLC) over everything but the field that holds it. */
const checksum = (bytes: Uint8Array): number => crc32(bytes.subarray(AT.crc + 4), crc32(bytes.subarray(0, AT.crc)))

/**
 * Reads an image from anywhere: nothing in it is believed. Checksum, layout and, where there is one, the signature over
 * PCR0 are verified; registers are computed. The parts are views of the same memory.
 * @throws EifError
 */
export const parseEif = (bytes: Uint8Array): ParsedEif => {
  if (bytes.length > MAX_IMAGE) throw new EifError('limit', `more than ${MAX_IMAGE} bytes`)
  const { flags, sections } = sectionsOf(bytes)
  const types = sections.map(({ type }) => type)
  const signed = types.at(-1) === TYPE.signature
  const ramdisks = sections.slice(3, signed ? -1 : undefined)
  const expected = [TYPE.kernel, TYPE.cmdline, TYPE.metadata, ...ramdisks.map(() => TYPE.ramdisk)]
  const [kernel, cmdline, metadata] = sections.map(({ data }) => data)
  if (!expected.every((type, i) => types[i] === type) || ramdisks.length === 0) {
    throw new EifError(
      'order',
      'the sections are not kernel, command line, metadata, ramdisks and at most one signature',
    )
  }
  if (kernel === undefined || cmdline === undefined || metadata === undefined || kernel.length === 0) {
    throw new EifError('order', 'the kernel is missing')
  }
  const parts = { kernel, cmdline, ramdisks: ramdisks.map(({ data }) => data) }
  const pcrs = measure(parts)
  const signature = signed ? readSignature(sections.at(-1)?.data ?? new Uint8Array(), pcrs.pcr0) : undefined
  return {
    architecture: flags === ARM64 ? 'arm64' : 'x86_64',
    kernel,
    cmdline: cmdlineOf(cmdline),
    ramdisks: parts.ramdisks,
    metadata: readMetadata(metadata),
    ...(signature && { signature }),
    pcrs: withCertificate(pcrs, signature?.certificate),
  }
}

/**
 * The registers of an image, computed from its bytes; what pcr.json must say.
 * @throws EifError as `parseEif`
 */
export const measureEif = (bytes: Uint8Array): PcrSet => parseEif(bytes).pcrs

const cmdlineOf = (bytes: Uint8Array): string => {
  let text: string
  try {
    text = fromUtf8(bytes)
  } catch (cause) {
    throw new EifError('cmdline', "the kernel's command line is not text", { cause })
  }
  cmdlineBytes(text)
  return text
}

/** Sections that follow each other without gap from the header to the last byte, as header and section headers both say. */
const sectionsOf = (bytes: Uint8Array): { flags: number; sections: Section[] } => {
  if (bytes.length < HEADER) throw new EifError('truncated', 'shorter than the header of an enclave image')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== MAGIC) throw new EifError('magic', 'not an enclave image file')
  const version = view.getUint16(AT.version)
  if (version !== VERSION) throw new EifError('version', `version ${version} of the format; only ${VERSION} is read`)
  const [flags, count] = [view.getUint16(AT.flags), view.getUint16(AT.count)]
  if (flags > ARM64 || view.getUint16(AT.reserved) !== 0 || view.getUint32(AT.unused) !== 0) {
    throw new EifError('header', 'unknown flags, or a reserved field that is not zero')
  }
  if (count < 4 || count > MAX_SECTIONS)
    throw new EifError('header', `${count} sections; 4 to ${MAX_SECTIONS} are possible`)
  const sections: Section[] = []
  let at = HEADER
  for (let i = 0; i < MAX_SECTIONS; i++) {
    const [offset, size] = [view.getBigUint64(AT.offsets + 8 * i), view.getBigUint64(AT.sizes + 8 * i)]
    if (i >= count) {
      if (offset !== 0n || size !== 0n) throw new EifError('section', `section ${i} is not counted`)
      continue
    }
    if (offset !== BigInt(at)) throw new EifError('section', `section ${i} does not follow the one before`)
    if (BigInt(bytes.length - at) < BigInt(SECTION_HEADER) + size)
      throw new EifError('truncated', `section ${i} is cut short`)
    if (view.getUint16(at + 2) !== 0 || view.getBigUint64(at + 4) !== size) {
      throw new EifError('section', `section ${i} has unknown flags, or another size than the header says`)
    }
    const start = at + SECTION_HEADER
    at = start + Number(size)
    sections.push({ type: view.getUint16(start - SECTION_HEADER), data: bytes.subarray(start, at) })
  }
  if (at !== bytes.length) throw new EifError('section', 'bytes follow the last section')
  if (view.getUint32(AT.crc) !== checksum(bytes)) {
    throw new EifError('crc', 'the checksum does not fit: the file is damaged; fetch it again')
  }
  return { flags, sections }
}
