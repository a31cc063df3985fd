import { type Codec, decode, fromBase64 } from '@trivault/codec'
import { type Genesis, genesisCodec } from '@trivault/protocol'
import { unzipSync } from 'fflate'

/** What the audit export holds. Nothing of it is verified here: replay `entries` against the nodes' public keys. */
export interface AuditFile {
  /** The table, as text. */
  csv: string
  /** What the file claims to be the genesis: compare its identity keys with those you know. */
  genesis: Genesis
  /** The whole certified log from entry 1. */
  entries: { entry: Uint8Array; certificate: Uint8Array }[]
}

export class AuditFileError extends Error {
  override readonly name = 'AuditFileError'
  readonly code = 'not-an-audit-file'

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
  }
}

const names = ['audit.csv', 'certified-log.json']

/** Reads the zip of `GET /api/audit/export.zip`. Throws `AuditFileError`. */
export function readAuditZip(zip: Uint8Array): AuditFile {
  try {
    const files = unzipSync(zip, { filter: ({ name }) => names.includes(name) })
    const [csv, log] = names.map(name => {
      const content = files[name]
      if (content === undefined) throw new AuditFileError(`${name} is missing from the archive`)
      return new TextDecoder('utf-8', { fatal: true }).decode(content)
    })
    return { csv: csv ?? '', ...parseLog(JSON.parse(log ?? '')) }
  } catch (cause) {
    if (cause instanceof AuditFileError) throw cause
    throw new AuditFileError('this is not an audit export: a zip with audit.csv and certified-log.json', { cause })
  }
}

function parseLog(value: unknown): Pick<AuditFile, 'genesis' | 'entries'> {
  const { genesis, entries } = record(value)
  if (!Array.isArray(entries)) throw new AuditFileError('certified-log.json: entries must be a list')
  return {
    genesis: decode(genesisCodec as Codec<Genesis>, bytes(genesis, 'genesis')),
    entries: entries.map((item: unknown, i) => {
      const { entry, certificate } = record(item)
      return { entry: bytes(entry, `entry ${i + 1}`), certificate: bytes(certificate, `certificate ${i + 1}`) }
    }),
  }
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new AuditFileError('certified-log.json: an object expected')
  return value as Record<string, unknown>
}

function bytes(value: unknown, what: string): Uint8Array {
  if (typeof value !== 'string') throw new AuditFileError(`certified-log.json: ${what} must be base64`)
  return fromBase64(value)
}
