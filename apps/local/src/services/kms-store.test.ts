import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCiphertextForRecipient } from '@trivault/attestation'
import { utf8 } from '@trivault/codec'
import { afterAll, describe, expect, it } from 'vitest'
import { openLocalKms } from './kms-store.ts'

const dir = mkdtempSync(join(tmpdir(), 'trivault-kms-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const file = join(dir, 'kms.json')
const open = () => openLocalKms(file, ['node0', 'node1'])
const encryptionContext = { deployment: 'd', node: '0' }

describe('the software KMS of a home', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const recipientOf = (local: ReturnType<typeof open>, keyId: string) =>
    local.attestation.attest({
      pcrs: local.pcrsOf(keyId) ?? new Map(),
      publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    })

  it('opens after a restart what it encrypted before, for the right module only, from a private file', async () => {
    const ciphertext = await open().kms.encrypt({ keyId: 'node0', plaintext: utf8('secret'), encryptionContext })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const again = open()
    const answer = await again.kms.decrypt({
      ciphertext,
      encryptionContext,
      recipient: await recipientOf(again, 'node0'),
    })
    expect(openCiphertextForRecipient(answer, privateKey, 6)).toEqual(utf8('secret'))
    const foreign = again.kms.decrypt({ ciphertext, encryptionContext, recipient: await recipientOf(again, 'node1') })
    await expect(foreign).rejects.toMatchObject({ code: 'wrong-pcr' })
  })

  it('rejects the attestation of another home', async () => {
    const ciphertext = await open().kms.encrypt({ keyId: 'node0', plaintext: utf8('secret'), encryptionContext })
    const other = openLocalKms(join(dir, 'other.json'), ['node0'])
    const recipient = await recipientOf(other, 'node0')
    await expect(open().kms.decrypt({ ciphertext, encryptionContext, recipient })).rejects.toMatchObject({
      name: 'AttestationError',
    })
    expect(open().pcrsOf('node7')).toBeUndefined()
  })
})
