import {
  type AdminOrder,
  type AdminStatements,
  adminStatementsJson,
  genesisJson,
  isOrdered,
  noStatements,
  signOrder,
  withOrder,
} from '@trivault/protocol'
import { openAdminKey } from './admin-key.ts'
import { readJson, readStatements } from './config.ts'
import { HostError } from './errors.ts'
import { keepFile } from './kept-file.ts'

/** Where one machine keeps what a node's admin has: paths. */
export interface AdminFiles {
  index: number
  /** The pins, `pins` of the host's config. */
  pins: string
  /** What the admin signed, `statements` of the host's config. */
  statements: string
  /** The admin's signing key (P-256, PEM, 0600). */
  adminKey: string
}

/**
 * Signs an order with the admin key file and puts it among the node's statements; it acts when the node starts. Throws HostError
 * bad-config: a file is not readable, or this is not the key that signed the pins.
 */
export async function giveOrder(files: AdminFiles, order: AdminOrder): Promise<void> {
  const genesis = await readJson(files.pins, genesisJson)
  const signer = await openAdminKey(files.adminKey)
  const before = order.type === 'pins' ? noStatements : await readStatements(files.statements)
  if (order.type !== 'pins' && !isSignedBy(signer.adminKey, before))
    throw new HostError('bad-config', `${files.pins} is not signed with ${files.adminKey}: sign the pins first`)
  const signature = await signOrder(signer, genesis, files.index, order)
  await keepFile(files.statements, `${adminStatementsJson.write(withOrder(before, order, signature))}\n`)

  function isSignedBy(adminKey: Uint8Array, { pins }: AdminStatements): boolean {
    return pins !== undefined && isOrdered(adminKey, genesis, files.index, { type: 'pins' }, pins)
  }
}

/** Takes an order out of the node's statements; what has been carried out stays so. Throws HostError bad-config. */
export async function withdrawOrder({ statements }: AdminFiles, kind: keyof AdminStatements): Promise<void> {
  const { [kind]: _, ...others } = await readStatements(statements)
  await keepFile(statements, `${adminStatementsJson.write({ ...noStatements, ...others })}\n`)
}
