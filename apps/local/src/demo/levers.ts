import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { finished } from './actors.ts'
import { offline, run } from './offline.ts'
import { approveByBoth, type Cast, ETHER, startTransfer } from './scenario.ts'

const cli = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url))

/** Dry run, freeze and unfreeze, and the receipt of a signature: with the command line, as people would. */
export async function levers(cast: Cast): Promise<void> {
  const { steps, vault, alice: initiator, bob: second } = cast
  const home = vault.home.path()
  const trivault = async (...args: string[]): Promise<string> =>
    (await run(process.execPath, [cli, '--home', home, ...args])).stdout
  steps.heading('Safety levers')
  await steps.run(
    'dry run: what a transfer of 3 ETH would still need after the first approval',
    async () => {
      const file = vault.home.path('demo-request.json')
      const Source = { MasterKeyName: 'Default', AccountName: 'treasury' }
      const Destination = [{ Address: '0x00000000000000000000000000000000000000AA', Amount: '3' }]
      writeFileSync(file, JSON.stringify({ Source, Destination, CAIP19: ETHER }))
      const supposed = ['--initiator', initiator.id, '--approvals', initiator.id]
      const said = await trivault('policy', 'test', 'makeTransaction', '--file', file, ...supposed)
      const line = /^Rule .*first unmet: .*$/m.exec(said)?.[0]
      if (line === undefined) throw new Error(`no unmet requirement in: ${said}`)
      return line
    },
    line => line,
  )
  await steps.run(
    'one owner freezes the vault: signed by a device, brought to Policy Node 1 alone, past the wallet',
    () => {
      const key = vault.home.path('demo-second.key')
      writeFileSync(key, `${second.device.export()}\n`, { mode: 0o600 })
      return trivault('hold', 'freeze', '--key-file', key, '--node', '1')
    },
  )
  const id = await startTransfer(cast, '0.125')
  await steps.refused('a transfer that both owners approved, while the vault is frozen', /froze|frozen/, async () => {
    await approveByBoth(cast, id)
    await new Promise(resolve => setTimeout(resolve, 1_000))
    const { Status } = await initiator.client.call('cwpgetOperationStatus', { params: { operationID: id } })
    if (Status === 'Succeeded') return
    const { HeldUp } = await initiator.client.call('trivaultPolicyTest', { body: { OperationID: id } })
    throw new Error(`${Status}: ${HeldUp.map(({ Reason }) => Reason).join(', ')}`)
  })
  await steps.run('both owners unfreeze it, and the transfer goes through by itself', async () => {
    const lift = await initiator.client.start('unfreeze', {})
    await approveByBoth(cast, lift)
    await finished(initiator.client, lift)
    await finished(initiator.client, id)
  })
  await receipt(cast, id, trivault)
}

async function receipt(
  { steps, vault }: Cast,
  id: string,
  trivault: (...args: string[]) => Promise<string>,
): Promise<void> {
  const file = vault.home.path('demo-receipt.json')
  const broken = vault.home.path('demo-receipt-broken.json')
  const { nodes } = vault.endpoints
  const keys = nodes.map(({ identityKey }) => identityKey ?? '').join(',')
  await steps.run('its receipt: one file with intent, approvals, verdicts, certificates and signature', () =>
    trivault('receipt', 'get', id, '--out', file),
  )
  await steps.run(
    'verified in a process without network, with nothing but the three public keys',
    () => offline([cli, 'receipt', 'verify', file, '--keys', keys]),
    said => said.split('\n')[0] ?? '',
  )
  await steps.refused('the receipt with one byte changed', /does not verify|not a receipt/, () => {
    const bytes = readFileSync(file)
    const at = Math.floor(bytes.length / 2)
    writeFileSync(broken, bytes.fill((bytes[at] ?? 0) ^ 1, at, at + 1))
    return offline([cli, 'receipt', 'verify', broken, '--keys', keys])
  })
}
