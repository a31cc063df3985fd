import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { utf8 } from '@trivault/codec'
import { expect } from 'vitest'
import { type AppFile, buildEif, EifError, type EifErrorCode, type SigningInput, signerFromPem } from '../src/index.ts'

const fixture = (name: string): string => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')
export const certificatePem = fixture('certificate.pem')
export const signing: SigningInput = signerFromPem({ certificatePem, privateKeyPem: fixture('key.pem') })
/** A key on another curve. */
export const p256 = { certificatePem: fixture('certificate-p256.pem'), privateKeyPem: fixture('key-p256.pem') }

/** Stands for a kernel and for a ramdisk with an init; a real image takes both from their own builds. */
export const kernel = utf8('a kernel for tests')
export const bootRamdisk = utf8('a ramdisk that would boot')
export const appFiles: readonly AppFile[] = [
  { path: 'cmd', mode: 0o644, contents: utf8('/bin/node\n') },
  { path: 'rootfs/bin/node', mode: 0o755, contents: utf8('not a program') },
  { path: 'rootfs/app/current', linkTo: '../bin' },
  { path: 'rootfs/proc', directory: true },
]
export const input = {
  ...{ kernel, bootRamdisk, appFiles, cmdline: 'reboot=k panic=30 pci=off nomodules console=ttyS0' },
  metadata: { name: 'trivault-policy-node', version: '1.2.3' },
}
export const unsigned = buildEif(input)
export const signed = buildEif({ ...input, signing })

const CRC_AT = 544
/** The same bytes with the checksum that fits them: whoever changes an image can do that too. */
export const resealed = (bytes: Uint8Array): Uint8Array => {
  const out = bytes.slice()
  if (out.length >= CRC_AT + 4) {
    const value = crc32(out.subarray(CRC_AT + 4), crc32(out.subarray(0, CRC_AT)))
    new DataView(out.buffer).setUint32(CRC_AT, value)
  }
  return out
}

/** A copy that `change` has edited. */
export const edited = (bytes: Uint8Array, change: (view: DataView, copy: Uint8Array) => void): Uint8Array => {
  const copy = bytes.slice()
  change(new DataView(copy.buffer), copy)
  return copy
}

export const codeOf = (action: () => unknown): EifErrorCode | 'accepted' => {
  try {
    action()
    return 'accepted'
  } catch (error) {
    expect(error).toBeInstanceOf(EifError)
    return (error as EifError).code
  }
}
