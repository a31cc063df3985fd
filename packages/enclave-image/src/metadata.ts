import { fromUtf8, utf8 } from '@trivault/codec'
import { EifError } from './errors.ts'

/**
 * What the image says of itself. It is in no PCR: nobody may rely on it.
 * Source: aws-nitro-enclaves-image-format, src/defs/mod.rs (`EifIdentityInfo`).
 */
export type EifMetadata = { readonly name: string; readonly version: string }

const MAX_LENGTH = 64 * 1024
const MAX_TEXT = 256
const BUILD = ['BuildTime', 'BuildTool', 'BuildToolVersion', 'OperatingSystem', 'KernelVersion']
const MEMBERS = ['ImageName', 'ImageVersion', 'BuildMetadata', 'DockerInfo', 'CustomMetadata']

const refuse = (what: string, cause?: unknown): EifError => new EifError('metadata', `metadata: ${what}`, { cause })

/** JSON with the members of the format; time and system stay fixed, so that equal input gives equal bytes. */
export const writeMetadata = ({ name, version }: EifMetadata): Uint8Array => {
  for (const text of [name, version]) {
    if (text === '' || text.length > MAX_TEXT) throw refuse(`name and version have 1 to ${MAX_TEXT} characters`)
  }
  return utf8(
    JSON.stringify({
      ImageName: name,
      ImageVersion: version,
      BuildMetadata: {
        BuildTime: '1970-01-01T00:00:00+00:00',
        BuildTool: 'trivault',
        BuildToolVersion: '0.1.0',
        OperatingSystem: 'Linux',
        KernelVersion: 'Unknown',
      },
      DockerInfo: {},
      CustomMetadata: {},
    }),
  )
}

/** @throws EifError `metadata`, `limit` */
export const readMetadata = (section: Uint8Array): EifMetadata => {
  if (section.length > MAX_LENGTH) throw new EifError('limit', `metadata of more than ${MAX_LENGTH} bytes`)
  let value: unknown
  try {
    value = JSON.parse(fromUtf8(section))
  } catch (cause) {
    throw refuse('not JSON in UTF-8', cause)
  }
  const { ImageName: name, ImageVersion: version, BuildMetadata: build } = membersOf(value, MEMBERS)
  for (const text of [name, version, ...Object.values(membersOf(build, BUILD))]) {
    if (typeof text !== 'string') throw refuse('a text is missing')
  }
  return { name: String(name), version: String(version) }
}

const membersOf = (value: unknown, names: readonly string[]): Record<string, unknown> => {
  if (typeof value !== 'object' || value === null) throw refuse('an object is missing')
  const found = Object.keys(value)
  if (found.length !== names.length || !names.every(name => found.includes(name))) {
    throw refuse(`an object has not exactly the members ${names.join(', ')}`)
  }
  return value as Record<string, unknown>
}
