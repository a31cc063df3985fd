import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { finished } from './actors.ts'
import { type Cast, ETHER } from './scenario.ts'

const run = promisify(execFile)
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
    'rebuild it in a process without network: same address, and the vault’s signature is one of this key',
    async () => {
      const tool = ['--backup', file, '--ers-key', vault.home.path('sample-ers-key.pem')]
      const { stdout } = await withoutNetwork(process.execPath, [
        recoveryTool,
        'rebuild',
        ...tool,
        '--derive',
        '44/60/0/0',
        '--json',
      ])
      const rebuilt = JSON.parse(stdout) as { addresses: Record<string, string> }
      const found = rebuilt.addresses['44/60/0/0']
      if (found !== address) throw new Error(`rebuilt ${found}, the vault has ${address}`)
      const check = [
        'sign-check',
        ...tool,
        '--path',
        '44/60/0/0',
        '--personal-message',
        message,
        '--against',
        signature,
        '--json',
      ]
      await withoutNetwork(process.execPath, [recoveryTool, ...check])
      return address
    },
    rebuilt => rebuilt,
  )
}

/** In a network namespace of its own where the system allows it; the tool opens no connection either way. */
async function withoutNetwork(command: string, args: string[]): Promise<{ stdout: string }> {
  const unshare = await run('unshare', ['-rn', 'true']).then(
    () => true,
    () => false,
  )
  return unshare ? run('unshare', ['-rn', command, ...args]) : run(command, args)
}
