import { readFileSync } from 'node:fs'
import { connectBus } from '@trivault/bus'
import { encodeTransaction } from '@trivault/chains'
import { DeviceKey } from '@trivault/client'
import { fromBase64, parseJson } from '@trivault/codec'
import { type Command, genesisJson, sha256 } from '@trivault/protocol'
import { RogueWallet } from '@trivault/testkit'
import { finished } from './actors.ts'
import { type Cast, startTransfer } from './scenario.ts'

const thief = '0x000000000000000000000000000000000000dEaD'

/** What must not work, and does not, each with its reason. */
export async function refusals(cast: Cast): Promise<void> {
  const { steps, alice: initiator, bob: second } = cast
  steps.heading('What must fail')
  const id = await startTransfer(cast, '1')
  const signature = initiator.device.sign(await initiator.intentBytes(id))
  await initiator.send(id, signature)
  await steps.refused('a transfer without enough approvals', /Pending approval/, async () => {
    const { Status } = await initiator.client.waitForOperation(id, { until: ['Pending approval'], timeoutMs: 10_000 })
    await new Promise(resolve => setTimeout(resolve, 1_500))
    const now = await initiator.client.call('cwpgetOperationStatus', { params: { operationID: id } })
    if (now.Status === 'Succeeded') return
    const { PendingApprovals } = await initiator.client.call('cwpgetOperationApprovalStatus', {
      params: { operationID: id },
    })
    throw new Error(`${Status}: awaits ${PendingApprovals?.join(', ')}; nothing was signed`)
  })
  await steps.refused('an approval by an unregistered key', /registered device key/, async () =>
    second.send(id, DeviceKey.generate().sign(await second.intentBytes(id))),
  )
  const other = await startTransfer(cast, '2')
  await steps.refused('an approval replayed for another operation', /registered device key/, () =>
    initiator.send(other, signature),
  )
  await steps.refused('a wallet that presents other bytes than the approved intent', /wrong_(to|value)/, () =>
    rogue(cast, id),
  )
  await steps.run('the wallet is back', () => cast.vault.up())
  await steps.run('the honest transfer still goes through', async () => {
    await finished(initiator.client, id)
  })
  await nodeDown(cast)
}

/** Takes the wallet's place with its own credentials and a perfectly valid last approval, but other transaction bytes. */
async function rogue({ vault, bob: second, address, chain }: Cast, id: string): Promise<void> {
  const approval = fromBase64(second.device.sign(await second.intentBytes(id)))
  const nonce = await chain.nonce(address)
  await vault.kill('wallet', 'SIGKILL')
  const config = JSON.parse(readFileSync(vault.home.path('wallet', 'config.json'), 'utf8')) as {
    pins: string
    bus: { url: string; ca: string; cert: string; key: string }
  }
  const genesis = genesisJson.read(parseJson(readFileSync(config.pins, 'utf8')))
  const bus = await connectBus({ ...config.bus, self: 'wallet' })
  try {
    const wallet = await RogueWallet.open(genesis, bus)
    await wallet.catchUp()
    const transaction = encodeTransaction({
      transactionType: 2,
      chainId: 31337,
      nonce,
      gas: 21_000n,
      maxFeePerGas: 10n ** 9n,
      maxPriorityFeePerGas: 1n,
      to: thief,
      value: 10n ** 18n,
      data: new Uint8Array(),
    })
    const keyId = sha256(fromBase64(second.device.publicKey))
    const commands: Command[] = [
      { type: 'approve', operationId: id, userId: second.id, keyId, signature: approval },
      { type: 'execute', operationId: id, part: 0, variant: 0, transaction },
    ]
    const [, executed] = await wallet.submit(...commands)
    wallet.close()
    if (executed?.ok === false) throw new Error(executed.message)
  } finally {
    await bus.close()
  }
}

async function nodeDown(cast: Cast): Promise<void> {
  const { steps, vault, alice: initiator } = cast
  steps.heading('One node down')
  const id = await startTransfer(cast, '0.5')
  await initiator.approve(id)
  await vault.kill('node1', 'SIGKILL')
  await steps.refused(
    'with Policy Node 1 killed, the last approval leads to no signature',
    /nothing was signed/,
    async () => {
      await cast.bob.approve(id)
      const { Status } = await initiator.client.call('cwpgetOperationStatus', { params: { operationID: id } })
      if (Status !== 'Succeeded') throw new Error(`${Status}: nothing was signed`)
    },
  )
  await steps.run('the node is back: the operation resumes by itself', async () => {
    await vault.up()
    await finished(initiator.client, id)
  })
}
