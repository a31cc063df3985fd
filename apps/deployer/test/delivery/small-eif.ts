import { buildEif, pcrJson } from '@trivault/enclave-image'
import { pcrSetOf } from '../../src/delivery/enclave.ts'
import type { Parts } from '../../src/delivery/publish.ts'

/** An enclave image of a few bytes: the format is the real one. */
export function smallEif(contents: string): Pick<Parts, 'eif' | 'pcrs' | 'pcrJson'> {
  const { bytes, pcrs } = buildEif({
    kernel: new TextEncoder().encode('kernel'),
    cmdline: 'console=ttyS0',
    bootRamdisk: new TextEncoder().encode('ramdisk'),
    appFiles: [{ path: 'app/main.js', mode: 0o644, contents: new TextEncoder().encode(contents) }],
    metadata: { name: 'trivault-policy-node', version: 'test' },
  })
  return { eif: bytes, pcrs: pcrSetOf(pcrs), pcrJson: pcrJson(pcrs) }
}
