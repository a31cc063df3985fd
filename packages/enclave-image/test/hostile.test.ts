import { randomInt } from 'node:crypto'
import { type Cbor, decodeCbor, encodeCbor } from '@trivault/attestation'
import { concat, equalBytes, utf8 } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { EifError, parseEif, parsePcrJson, pcrJson, readCpio, writeCpio } from '../src/index.ts'
import { appFiles, codeOf, edited, input, p256, resealed, signed, unsigned } from './sample.ts'

const OFFSETS = 28
const SIZES = 284
const HEADER = 548
const SECTION = 12
const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset)
const offsetOf = (bytes: Uint8Array, section: number): number => Number(view(bytes).getBigUint64(OFFSETS + 8 * section))
const METADATA = offsetOf(unsigned.bytes, 2) + SECTION

/** Another section in the place of the last, the signature. */
const withSignature = (section: Uint8Array): Uint8Array => {
  const start = offsetOf(signed.bytes, 5)
  const bytes = concat(signed.bytes.slice(0, start + SECTION), section)
  return edited(bytes, at => {
    at.setBigUint64(SIZES + 40, BigInt(section.length))
    at.setBigUint64(start + 4, BigInt(section.length))
  })
}
const section = signed.bytes.slice(offsetOf(signed.bytes, 5) + SECTION)
const numbers = (bytes: Uint8Array): Cbor => [...bytes]
const [entry] = decodeCbor(section) as readonly ReadonlyMap<string, readonly number[]>[]
const certificate = entry?.get('signing_certificate') ?? []
const cose = decodeCbor(Uint8Array.from(entry?.get('signature') ?? [])) as readonly Cbor[]
const signatureOf = (pem: readonly number[], message: readonly Cbor[], more: readonly Cbor[] = []): Uint8Array =>
  encodeCbor([
    new Map<string, Cbor>([
      ['signing_certificate', pem],
      ['signature', numbers(encodeCbor(message))],
    ]),
    ...more,
  ])

describe('a hostile image is refused', () => {
  const { bytes } = unsigned
  const set16 = (at: number, value: number) => edited(bytes, data => data.setUint16(at, value))
  const set64 = (at: number, value: bigint) => edited(bytes, data => data.setBigUint64(at, value))

  it.each([
    ['nothing', 'truncated', new Uint8Array()],
    ['a header only', 'truncated', bytes.slice(0, HEADER)],
    ['a byte less', 'truncated', bytes.slice(0, -1)],
    ['a byte more', 'section', concat(bytes, new Uint8Array(1))],
    ['another magic', 'magic', edited(bytes, (_, copy) => copy.set(utf8('.elf')))],
    ['version 3', 'version', set16(4, 3)],
    ['version 5', 'version', set16(4, 5)],
    ['unknown flags', 'header', set16(6, 2)],
    ['a reserved field', 'header', set16(24, 1)],
    ['an unused field', 'header', edited(bytes, data => data.setUint32(540, 1))],
    ['no sections', 'header', set16(26, 0)],
    ['65,535 sections', 'header', set16(26, 0xffff)],
    ['a section less than there are', 'section', set16(26, 4)],
    ['a section more than there are', 'section', set16(26, 6)],
    ['a section over the header', 'section', set64(OFFSETS, 0n)],
    ['overlapping sections', 'section', set64(OFFSETS + 8, BigInt(HEADER))],
    ['a gap between sections', 'section', set64(OFFSETS + 8, view(bytes).getBigUint64(OFFSETS + 8) + 1n)],
    ['an offset of 2^64 - 1', 'section', set64(OFFSETS + 8, 2n ** 64n - 1n)],
    ['a size of 2^64 - 1', 'truncated', set64(SIZES, 2n ** 64n - 1n)],
    ['a size that wraps around', 'truncated', set64(SIZES, 2n ** 64n - 560n)],
    ['a section of another size than the header says', 'section', set64(HEADER + 4, 1n)],
    ['flags of a section', 'section', set16(HEADER + 2, 1)],
    ['an uncounted section', 'section', set64(OFFSETS + 8 * 31, 1n)],
    ['a wrong checksum', 'crc', edited(bytes, data => data.setUint32(544, data.getUint32(544) ^ 1))],
    [
      'a changed byte',
      'crc',
      edited(bytes, (_, copy) =>
        copy.fill(0, bytes.length - 600, bytes.length - 599).fill(1, HEADER + SECTION, HEADER + SECTION + 1),
      ),
    ],
    ['other memory in the header', 'crc', set64(8, 1n)],
    ['a kernel that is none', 'order', resealed(set16(HEADER, 2))],
    ['a section of an unknown type', 'order', resealed(set16(HEADER, 6))],
    [
      'no ramdisk',
      'order',
      resealed(
        edited(bytes, data => {
          for (const i of [3, 4]) data.setUint16(offsetOf(bytes, i), 5)
        }),
      ),
    ],
    ['a signature before the end', 'order', resealed(edited(bytes, data => data.setUint16(offsetOf(bytes, 3), 4)))],
    ['metadata twice', 'order', resealed(edited(bytes, data => data.setUint16(offsetOf(bytes, 4), 5)))],
    [
      'a control character in the command line',
      'cmdline',
      resealed(edited(bytes, (_, copy) => copy.fill(7, offsetOf(bytes, 1) + 20, offsetOf(bytes, 1) + 21))),
    ],
    [
      'a command line that is no text',
      'cmdline',
      resealed(edited(bytes, (_, copy) => copy.fill(255, offsetOf(bytes, 1) + 20, offsetOf(bytes, 1) + 21))),
    ],
    [
      'metadata that is no JSON',
      'metadata',
      resealed(edited(bytes, (_, copy) => copy.fill(0x20, METADATA, METADATA + 1))),
    ],
    [
      'metadata with another member',
      'metadata',
      resealed(edited(bytes, (_, copy) => copy.set(utf8('ImageXame'), METADATA + 2))),
    ],
  ])('with %s', (_what, code, hostile) => {
    expect(codeOf(() => parseEif(hostile))).toBe(code)
  })

  const other = cose.map(item => item)
  const without = (i: number): readonly Cbor[] => other.filter((_, at) => at !== i)
  const instead = (i: number, item: Cbor): readonly Cbor[] => other.map((old, at) => (at === i ? item : old))
  const flipped = edited(cose[3] as Uint8Array, (_, copy) => copy.set([(copy[5] ?? 0) ^ 1], 5))
  it('only where the sample is what these take apart', () => {
    expect(equalBytes(signatureOf(certificate, cose), section)).toBe(true)
    expect(codeOf(() => parseEif(resealed(withSignature(section))))).toBe('accepted')
  })
  it.each([
    ['an empty signature', new Uint8Array()],
    ['a signature that is no CBOR', utf8('nonsense')],
    ['no signature in the list', encodeCbor([])],
    ['a map in the place of the list', encodeCbor(new Map())],
    ['two signatures', signatureOf(certificate, cose, [new Map()])],
    ['bytes behind it', concat(section, new Uint8Array(1))],
    ['a member missing', encodeCbor([new Map<string, Cbor>([['signature', []]])])],
    [
      'byte strings where the format has lists',
      encodeCbor([
        new Map<string, Cbor>([
          ['signing_certificate', Uint8Array.from(certificate)],
          ['signature', encodeCbor(cose)],
        ]),
      ]),
    ],
    ['a number beyond a byte', signatureOf([...certificate.slice(0, -1), 256], cose)],
    ['no certificate', signatureOf([], cose)],
    ['a certificate on P-256', signatureOf([...utf8(p256.certificatePem)], cose)],
    ['another algorithm', signatureOf(certificate, instead(0, encodeCbor(new Map([[1, -7]]))))],
    ['an unprotected header', signatureOf(certificate, instead(1, new Map([[1, -35]])))],
    [
      'a payload about another register',
      signatureOf(
        certificate,
        instead(
          2,
          encodeCbor(
            new Map<string, Cbor>([
              ['register_index', 1],
              ['register_value', []],
            ]),
          ),
        ),
      ),
    ],
    ['no payload', signatureOf(certificate, instead(2, null))],
    ['a flipped bit in the signature', signatureOf(certificate, instead(3, flipped))],
    ['an empty signature of the message', signatureOf(certificate, instead(3, new Uint8Array()))],
    ['a part missing', signatureOf(certificate, without(1))],
    ['a part more', signatureOf(certificate, [...cose, 1])],
  ])('with %s', (_what, hostile) => {
    expect(codeOf(() => parseEif(resealed(withSignature(hostile))))).toBe('signature')
  })

  it('with a signature of another image, or of this one before it was changed', () => {
    const start = offsetOf(signed.bytes, 0) + SECTION
    expect(codeOf(() => parseEif(resealed(edited(signed.bytes, (_, copy) => copy.fill(1, start, start + 1)))))).toBe(
      'signature',
    )
  })

  it('with a signature of 100 KB', () => {
    expect(codeOf(() => parseEif(resealed(withSignature(new Uint8Array(100_000)))))).toBe('limit')
  })
})

describe('5,000 hostile inputs', () => {
  const mutated = (model: Uint8Array): Uint8Array => {
    const at = randomInt(model.length)
    const copy = model.slice()
    switch (randomInt(6)) {
      case 0:
        return copy.slice(0, at)
      case 1:
        return concat(copy.slice(0, at), copy.slice(Math.min(copy.length, at + 1 + randomInt(16))))
      case 2:
        return concat(copy, copy.slice(at))
      case 3:
        // Numbers of the header: offsets, sizes, counts.
        new DataView(copy.buffer).setUint16(
          2 * randomInt(Math.floor(Math.min(copy.length, HEADER) / 2)),
          randomInt(65_536),
        )
        return copy
      case 4:
        return copy.fill(randomInt(256), at, at + 1 + randomInt(20))
      default:
        copy[at] = (copy[at] ?? 0) ^ (1 << randomInt(8))
        return copy
    }
  }
  const RUNS = 5_000
  /** An image that reads differently, or not at all; never another error. */
  const attack = (model: Uint8Array, read: (bytes: Uint8Array) => unknown): Map<string, number> => {
    const outcomes = new Map<string, number>()
    for (let i = 0; i < RUNS; i++) {
      const hostile = mutated(model)
      let outcome = 'accepted'
      try {
        read(hostile)
      } catch (error) {
        if (!(error instanceof EifError)) throw error
        outcome = error.code
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    return outcomes
  }

  it('to the parser of images: a checksum that was not made anew lets nothing pass', () => {
    const outcomes = attack(signed.bytes, bytes => {
      if (!equalBytes(bytes, signed.bytes)) return parseEif(bytes)
      throw new EifError('crc', 'nothing was changed')
    })
    expect(outcomes.get('accepted')).toBeUndefined()
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['crc', 'section', 'truncated']))
  })

  it('to the parser of images, with a checksum that fits: the signature lets pass only what PCR0 to 2 do not measure', () => {
    const outcomes = attack(signed.bytes, bytes => {
      const { pcrs, kernel, cmdline, ramdisks } = parseEif(resealed(bytes))
      // A certificate that was changed is another one, which PCR8 says.
      expect({ ...pcrs, pcr8: signed.pcrs.pcr8 }).toEqual(signed.pcrs)
      expect([kernel, cmdline, ramdisks]).toEqual([input.kernel, input.cmdline, parseEif(signed.bytes).ramdisks])
    })
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['signature', 'section', 'truncated']))
  })

  it('to the reader of archives: what is accepted writes the same bytes', () => {
    attack(writeCpio(appFiles), bytes => {
      if (!equalBytes(writeCpio(readCpio(bytes)), bytes)) throw new Error('another archive')
    })
  })

  it('to the reader of pcr.json', () => {
    attack(utf8(pcrJson(signed.pcrs)), bytes => parsePcrJson(new TextDecoder().decode(bytes)))
  })
})
