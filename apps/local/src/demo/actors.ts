import { type Client, createClient, DeviceKey } from '@trivault/client'

/** Somebody who approves: an API key for talking to the wallet, and a device key that the wallet never sees. */
export class Approver {
  readonly id: string
  readonly device = DeviceKey.generate()
  readonly client: Client

  constructor(id: string, client: Client) {
    this.id = id
    this.client = client
  }

  /** Signs in with an API key that the admin makes for this registered person. */
  static async enrol(id: string, baseUrl: string, admin: Client): Promise<Approver> {
    const { ApiKey } = await admin.call('createSystemUserEndpoint', { body: { Name: id, Role: 'Viewer' } })
    return new Approver(id, createClient({ baseUrl, apiKey: ApiKey }))
  }

  /** Registers the device key: free for a founder's first key before the seal, else approved by the owners. */
  async pair(): Promise<void> {
    const id = await this.client.start('setUserPublicKey', { UserID: this.id, PublicKey: this.device.publicKey })
    await finished(this.client, id)
  }

  /** The exact bytes that this person is asked to approve. */
  async intentBytes(operationId: string): Promise<Uint8Array> {
    const list = (await this.client.call('cwplistPendingApprovals')) ?? []
    const item = list.find(({ OperationID }) => OperationID === operationId)
    if (item === undefined) throw new Error(`${operationId} does not wait for ${this.id}`)
    return Buffer.from(item.Intent, 'base64')
  }

  async approve(operationId: string): Promise<void> {
    await this.send(operationId, this.device.sign(await this.intentBytes(operationId)))
  }

  async send(operationId: string, signature: string): Promise<void> {
    await this.client.call('cwpapproveOperation', { body: { OperationID: operationId, IntentSignature: signature } })
  }
}

/** Waits for the end of an operation. Throws with the vault's reason when it failed. */
export async function finished(client: Client, operationId: string, timeoutMs = 60_000) {
  const status = await client.waitForOperation(operationId, { timeoutMs })
  if (status.Status !== 'Succeeded')
    throw new Error(`${operationId} is ${status.Status}: ${JSON.stringify(status.ErrorDetails)}`)
  return status
}
