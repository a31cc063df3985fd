import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { decodeMessage, knownChain, recoverSigner } from '@trivault/chains'
import { fromBase64, fromHex, toHex } from '@trivault/codec'
import { finished } from './actors.ts'
import { offline } from './offline.ts'
import { type Cast, DEV, ETHER } from './scenario.ts'

const recoveryTool = fileURLToPath(new URL('../../../recovery/src/main.ts', import.meta.url))

/** The backup, approved like any operation, and what it is for: the key comes back from it and the ERS private key alone. */
export async function recovery(cast: Cast): Promise<void> {
  const { steps, vault, alice: initiator, bob: second, address } = cast
  steps.heading('Emergency recovery')
  const file = vault.home.path('demo-backup.bin')
  await steps.run('backup of the master key, approved by an owner', async () => {
    const id = await initiator.client.start('backupMasterKey', { Name: 'Default' })
    await initiator.approve(id)
    const status = await finished(initiator.client, id)
    const [backup] = status.Result?.Backup ?? []
    if (backup === undefined) throw new Error('the result holds no backup')
    writeFileSync(file, Buffer.from(backup.Backup, 'base64'), { mode: 0o600 })
    return backup.Backup.length
  })
  const message = 'a message to sign twice'
  const signature = await steps.run('a signature of the vault to compare with', async () => {
    const id = await initiator.client.start('genericSigning', {
      Asset: 'ETH',
      CAIP19: ETHER,
      DataToSign: message,
      TypeOfSigning: 'personal_sign',
      Source: { MasterKeyName: 'Default', AccountName: 'treasury' },
    })
    await initiator.approve(id)
    await second.approve(id)
    return (await finished(initiator.client, id)).Result?.GenericSignature?.Signature ?? ''
  })
  await steps.run(
    'rebuild it in a process without network: same address, and its signature is one of the same key',
    async () => {
      const tool = ['--backup', file, '--ers-key', vault.home.path('sample-ers-key.pem')]
      const rebuilt = await offline([recoveryTool, 'rebuild', ...tool, '--derive', '44/60/0/0'])
      if (!rebuilt.includes(address)) throw new Error(`the rebuilt key has not the address ${address}`)
      const digest = digestOf(message, address)
      const again = await offline([
        recoveryTool,
        'sign-check',
        ...tool,
        '--message',
        toHex(digest),
        '--path',
        '44/60/0/0',
      ])
      const own = /[0-9a-f]{130}/.exec(again)?.[0]
      const signers = [fromBase64(signature), fromHex(own ?? '')].map(one => signerOf(digest, one))
      if (signers.some(signer => signer !== address)) throw new Error(`signers ${signers.join(', ')}`)
      return address
    },
    rebuilt => rebuilt,
  )
}

function digestOf(text: string, source: string): Uint8Array {
  const chain = knownChain(DEV)
  if (chain === undefined) throw new Error('the dev chain is not in the registry')
  return decodeMessage({ chain, source, typeOfSigning: 'personal_sign', dataToSign: text }).digest
}

/** Address behind r ‖ s ‖ v, with v = recovery bit or 27 + it. */
function signerOf(digest: Uint8Array, signature: Uint8Array): string {
  const recovery = (signature[64] ?? 0) % 27 === 1 ? 1 : 0
  return recoverSigner(digest, { r: signature.slice(0, 32), s: signature.slice(32, 64), recovery })
}
