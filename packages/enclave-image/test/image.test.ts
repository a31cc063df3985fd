import { createHash } from 'node:crypto'
import { concat, toHex, utf8 } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { buildEif, measureEif, parseEif, parsePcrJson, pcrJson, signerFromPem, writeCpio } from '../src/index.ts'
import {
  appFiles,
  bootRamdisk,
  certificatePem,
  codeOf,
  input,
  kernel,
  p256,
  signed,
  signing,
  unsigned,
} from './sample.ts'

const sha384 = (...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash('sha384')
      .update(concat(...parts))
      .digest(),
  )
const extended = (...parts: Uint8Array[]): string => toHex(sha384(new Uint8Array(48), sha384(...parts)))
const cmdline = utf8(input.cmdline)
const application = writeCpio(appFiles)

describe('an image', () => {
  it('is what it was built from', () => {
    const { bytes, pcrs } = unsigned
    expect(parseEif(bytes)).toEqual({
      ...{ architecture: 'x86_64', kernel, cmdline: input.cmdline, metadata: input.metadata, pcrs },
      ramdisks: [bootRamdisk, application],
    })
    expect(parseEif(buildEif({ ...input, architecture: 'arm64' }).bytes).architecture).toBe('arm64')
  })

  it('has header and sections where the format puts them', () => {
    const { bytes } = unsigned
    const view = new DataView(bytes.buffer)
    expect(toHex(bytes.slice(0, 28))).toBe('2e6569660004000000000000400000000000000000000002' + '00000005')
    expect([view.getBigUint64(28), view.getBigUint64(284)]).toEqual([548n, BigInt(kernel.length)])
    expect(view.getBigUint64(36)).toBe(548n + 12n + BigInt(kernel.length))
    expect(toHex(bytes.slice(548, 560))).toBe(`00010000${kernel.length.toString(16).padStart(16, '0')}`)
    expect(bytes.slice(560, 560 + kernel.length)).toEqual(kernel)
    expect(bytes.length).toBe(Number(view.getBigUint64(28 + 32) + view.getBigUint64(284 + 32)) + 12)
  })

  it('is measured as the hypervisor does', () => {
    expect(unsigned.pcrs).toEqual({
      pcr0: extended(kernel, cmdline, bootRamdisk, application),
      pcr1: extended(kernel, cmdline, bootRamdisk),
      pcr2: extended(application),
    })
  })

  it('has the PCR2 that every image without a second ramdisk has', () => {
    // Published with many images, for instance in the documentation of Sui's nautilus and of Turnkey's qos.
    const nothing = '21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10edb30948c90ba67310f7b964fc500a'
    expect(extended()).toBe(nothing)
  })

  it('comes out the same from the same input, signed or not', () => {
    expect(buildEif(input).bytes).toEqual(unsigned.bytes)
    expect(buildEif({ ...input, signing }).pcrs).toEqual(signed.pcrs)
  })

  it('changes its registers with what they measure, and with nothing else', () => {
    const { pcr0, pcr1, pcr2 } = unsigned.pcrs
    const changed = (more: Partial<typeof input>) => buildEif({ ...input, ...more }).pcrs
    for (const more of [
      { kernel: utf8('b kernel for tests') },
      { cmdline: 'reboot=k' },
      { bootRamdisk: utf8('other') },
    ]) {
      const other = changed(more)
      expect([other.pcr0 === pcr0, other.pcr1 === pcr1, other.pcr2 === pcr2]).toEqual([false, false, true])
    }
    const other = changed({ appFiles: [...appFiles, { path: 'x', directory: true }] })
    expect([other.pcr0 === pcr0, other.pcr1 === pcr1, other.pcr2 === pcr2]).toEqual([false, true, false])
    expect(changed({ metadata: { name: 'other', version: '2' } })).toEqual(unsigned.pcrs)
  })

  it('can be signed: PCR8 is the certificate, the other registers stay', () => {
    const { signature, pcrs } = parseEif(signed.bytes)
    expect(signature?.certificatePem).toBe(certificatePem)
    expect(pcrs).toEqual({ ...unsigned.pcrs, pcr8: extended(signature?.certificate ?? kernel) })
    expect(measureEif(signed.bytes)).toEqual(signed.pcrs)
  })

  it.each([
    ['a key on P-256', p256],
    ['no key', { certificatePem, privateKeyPem: 'nonsense' }],
  ])('is not signed with %s', (_what, pem) => {
    expect(codeOf(() => signerFromPem(pem))).toBe('signature')
  })

  it.each([
    ['a certificate of another key', 'signature', { signing: { ...signing, certificatePem: p256.certificatePem } }],
    ['a signer that signs something else', 'signature', { signing: { ...signing, sign: () => new Uint8Array(96) } }],
    ['no certificate', 'signature', { signing: { ...signing, certificatePem: 'nonsense' } }],
    ['no kernel', 'section', { kernel: new Uint8Array() }],
    ['no boot ramdisk', 'section', { bootRamdisk: new Uint8Array() }],
    ['a line break in the command line', 'cmdline', { cmdline: 'a\nb' }],
    ['a command line of 2,048 characters', 'cmdline', { cmdline: 'x'.repeat(2048) }],
    ['no name', 'metadata', { metadata: { name: '', version: '1' } }],
    ['a version of 300 characters', 'metadata', { metadata: { name: 'x', version: '1'.repeat(300) } }],
    ['a file outside', 'app-file', { appFiles: [{ path: '../x', linkTo: 'y' }] }],
  ])('is not built with %s', (_what, code, more) => {
    expect(codeOf(() => buildEif({ ...input, ...more }))).toBe(code)
  })
})

describe('pcr.json', () => {
  it('says what nitro-cli prints', () => {
    expect(JSON.parse(pcrJson(signed.pcrs))).toEqual({
      ...{ HashAlgorithm: 'Sha384 { ... }', PCR0: signed.pcrs.pcr0, PCR1: signed.pcrs.pcr1 },
      ...{ PCR2: signed.pcrs.pcr2, PCR8: signed.pcrs.pcr8 },
    })
    for (const { pcrs } of [signed, unsigned]) expect(parsePcrJson(pcrJson(pcrs))).toEqual(pcrs)
  })

  const text = pcrJson(unsigned.pcrs)
  it.each([
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['half of it', text.slice(0, 100)],
    ['another algorithm', text.replace('Sha384', 'Sha256')],
    ['a register of another length', text.replace(unsigned.pcrs.pcr0, unsigned.pcrs.pcr0.slice(2))],
    ['capital digits', text.replace(unsigned.pcrs.pcr1, unsigned.pcrs.pcr1.toUpperCase())],
    ['a number for a register', text.replace(`"${unsigned.pcrs.pcr2}"`, '1')],
    ['a register that no image has', text.replace('PCR2', 'PCR3')],
    ['a missing register', text.replace(/,\s*"PCR2".*/, '')],
    ['a name of every object', text.replace('PCR2', 'toString')],
    ['more than a page', text + ' '.repeat(5000)],
  ])('is refused with %s', (_what, other) => {
    expect(other).not.toBe(text)
    expect(codeOf(() => parsePcrJson(other))).toBe('pcr-json')
  })
})
