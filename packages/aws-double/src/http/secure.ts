import { X509Certificate } from 'node:crypto'
import type { Certificate } from './listen.ts'

/** Where services answer over TLS, and who vouches for them. */
export type SecureEndpoint = {
  /** Of 127.0.0.1. */
  readonly port: number
  /** The only root, as DER. */
  readonly authority: Uint8Array
}

/** An authority made for this occasion, and its certificate for these host names. */
export async function certificateFor(
  dns: readonly string[],
  now: number,
): Promise<Certificate & { readonly authority: Uint8Array }> {
  const { createBusRoot } = await import('@trivault/bus')
  const { root } = await createBusRoot({ now, days: 30, exportable: false })
  return { ...(await root.issue({ dns }, now)), authority: new Uint8Array(new X509Certificate(root.cert).raw) }
}
