import {
  ApprovalError,
  checkHead,
  entriesOf,
  holdBody,
  holdStatement,
  judge,
  LiveReplica,
  pinsOf,
  vaultOfLink,
} from '@trivault/approval'
import { ApiError, type Client } from '@trivault/client'
import { fromBase64, fromHex, parseJson, toBase64, toHex } from '@trivault/codec'
import { SerialQueue } from '@trivault/ledger'
import {
  enrolmentNonce,
  type Genesis,
  genesisJson,
  holdMessage,
  possessionMessage,
  vaultIdOf,
} from '@trivault/protocol'
import { lastHoldCounter, operationOf, userKey } from '@trivault/vault-state'
import { DeviceError } from './errors.ts'
import { claimsOf, issuerKeyOf } from './issuer.ts'
import { makeKey, signWith } from './key.ts'
import { deviceCard, examinationOf, foundingOf, historyOf, inboxOf, peopleOf, vaultCard } from './read.ts'
import type { DeviceRecord, DeviceStore } from './store.ts'
import type { Examination, Founding, Item, Overview, Person, Progress, VaultCard } from './views.ts'

const attempts = 4
const pause = 400
const progressEvery = 25

/** What the App asks the device; every answer comes from the log that the device has verified itself. */
export class Device {
  readonly #store: DeviceStore
  readonly #client: Client
  readonly #onProgress: (progress: Progress) => void
  /** One at a time: two that read the record and write it back would undo each other. */
  readonly #queue = new SerialQueue()
  #replica: LiveReplica | undefined

  constructor(store: DeviceStore, client: Client, onProgress: (progress: Progress) => void = () => {}) {
    this.#store = store
    this.#client = client
    this.#onProgress = onProgress
  }

  /** The vault that a pairing link names, or that the wallet says it is; nothing is kept. Throws `ApprovalError`, `ApiError`. */
  async lookUp(link: string | undefined): Promise<VaultCard & { pins: string }> {
    const vaultId = link === undefined ? undefined : vaultOfLink(link)
    const { Pins } = await this.#client.call('trivaultPins')
    return { ...vaultCard(pinsOf(Pins, vaultId)), pins: Pins }
  }

  /** Keeps the vault that the person confirmed. From now on no other one is taken. */
  async pin(pins: string): Promise<void> {
    pinsOf(pins)
    const record = await this.#store.read()
    if (record !== undefined && record.pins !== pins)
      throw new DeviceError('has-key', 'this device belongs to another vault', 'remove the device first')
    if (record === undefined) await this.#store.write({ pins })
  }

  async isPinned(): Promise<boolean> {
    return (await this.#store.read()) !== undefined
  }

  /** Brings the log up to date. Without the wallet: what the device knew. Throws `ApprovalError`, `DeviceError`, `ApiError`. */
  overview(): Promise<Overview> {
    return this.#queue.run(async () => {
      const offline = !(await this.#sync())
      const { record, replica } = await this.#open()
      const { state } = replica
      const { key } = record
      return {
        vault: vaultCard(replica.genesis),
        log: { seq: replica.seq, time: replica.time },
        offline,
        sealed: state.sealedAt !== undefined,
        freeze: state.freeze,
        device: key && deviceCard(state, key),
        inbox: inboxOf(state, key && userKey(key.userId)),
      }
    })
  }

  /** Makes the key of `userId` on this device, if there is none yet. */
  makeKey(userId: string): Promise<void> {
    return this.#queue.run(async () => {
      const record = await this.#record()
      if (record.key !== undefined) return
      await this.#store.write({ ...record, key: { ...(await makeKey()), userId } })
    })
  }

  /** In founding mode identity: the nonce with which the person signs in for the key. */
  async nonce(): Promise<string> {
    const { genesis, key } = await this.#own()
    return enrolmentNonce(vaultIdOf(genesis), key.userId, fromBase64(key.publicKey))
  }

  /** Hands in the identity provider's word for the key. */
  async vouch(idToken: string): Promise<void> {
    const { genesis, key } = await this.#own()
    const publicKey = fromBase64(key.publicKey)
    const vaultId = vaultIdOf(genesis)
    if (claimsOf(idToken).nonce !== enrolmentNonce(vaultId, key.userId, publicKey))
      throw new DeviceError('bad-token', 'the sign-in was not for the key of this device', 'confirm the key again')
    const message = possessionMessage({ vaultId, userId: key.userId, publicKey, channel: 'app', idToken })
    const [proof, issuerKey] = await Promise.all([signWith(key, message), issuerKeyOf(genesis.issuer, idToken)])
    await this.#client.call('trivaultVouch', {
      body: {
        UserID: key.userId,
        PublicKey: key.publicKey,
        Channel: 'app',
        IDToken: idToken,
        IssuerKey: issuerKey,
        Proof: toBase64(proof),
      },
    })
  }

  /** Starts the operation that makes the key count. */
  startPairing(): Promise<string> {
    return this.#queue.run(async () => {
      const { record, key } = await this.#own()
      const operationId = await this.#client.start('setUserPublicKey', {
        UserID: key.userId,
        PublicKey: key.publicKey,
      })
      await this.#store.write({ ...record, key: { ...key, operationId } })
      return operationId
    })
  }

  /** An operation, decoded here, with the three nodes' views and whether it may be approved. */
  examine(id: string): Promise<Examination> {
    return this.#queue.run(async () => {
      for (let attempt = 1; ; attempt++) {
        const examination = await this.#examine(id)
        const { refusal } = examination
        const mayPass = refusal?.grave === true || refusal?.reason === 'view-missing'
        if (!mayPass || attempt === attempts) return examination
        await new Promise(resolve => setTimeout(resolve, pause))
      }
    })
  }

  async #examine(id: string): Promise<Examination> {
    const verdicts = await this.#verdicts(id)
    await this.#sync()
    const { record, replica } = await this.#open()
    const operation = operationOf(replica.state, id)
    return examinationOf({ replica, operation, verdicts, own: record.key, seen: record.seen })
  }

  /** Signs the operation whose intent has this hash (hex), if nothing speaks against it now. Throws `DeviceError` and others. */
  approve(id: string, intentHash: string): Promise<void> {
    return this.#queue.run(async () => {
      const verdicts = await this.#client.call('trivaultOperationVerdicts', { params: { operationID: id } })
      await this.#sync()
      const { record, replica } = await this.#open()
      const { key } = await this.#own()
      const judgement = judge({ replica, operationId: id, verdicts, keyId: key.keyId, seen: record.seen })
      if (!judgement.offer) throw new DeviceError('refused', judgement.message, judgement.remedy)
      const { operation } = judgement
      if (intentHash !== toHex(operation.intentHash))
        throw new DeviceError('changed', 'the operation is another than the one on the screen', 'read it again')
      const signature = await signWith(key, operation.intentBytes)
      await this.#client.call('cwpapproveOperation', {
        body: { OperationID: id, IntentSignature: toBase64(signature) },
      })
    })
  }

  async reject(id: string, reason: string): Promise<void> {
    await this.#client.call('cwprejectOperation', {
      body: { OperationID: id, ...(reason !== '' && { Reason: reason }) },
    })
  }

  /** Freezes the vault, or ends one operation. Resolves to the nodes that stopped, once the log has it or some seconds later. */
  hold(kind: 'freeze' | 'veto', operationId = ''): Promise<number[]> {
    return this.#queue.run(async () => {
      await this.#sync()
      const { replica } = await this.#open()
      const { key } = await this.#own()
      const user = userKey(key.userId)
      const statement = holdStatement(replica.state, user, kind, operationId)
      const signature = await signWith(key, holdMessage(statement))
      const { Nodes } = await this.#client.call('trivaultHold', {
        body: holdBody({ ...statement, keyId: fromHex(key.keyId), signature }),
      })
      for (let attempt = 1; attempt <= 10 && lastHoldCounter(replica.state, user) < statement.counter; attempt++) {
        await new Promise(resolve => setTimeout(resolve, pause))
        await this.#sync()
      }
      return Nodes.filter(({ Held }) => Held).map(({ Node }) => Node)
    })
  }

  history(): Promise<Item[]> {
    return this.#read(({ record, replica }) => historyOf(replica.state, record.key && userKey(record.key.userId)))
  }

  people(): Promise<Person[]> {
    return this.#read(({ record, replica }) => peopleOf(replica.state, record.key))
  }

  founding(): Promise<Founding> {
    return this.#read(({ replica }) => foundingOf(replica.state))
  }

  /** Forgets key, pins and log. */
  async erase(): Promise<void> {
    await this.#queue.run(async () => {
      this.#replica = undefined
      await this.#store.erase()
    })
  }

  #read<T>(body: (open: { record: DeviceRecord; replica: LiveReplica }) => T): Promise<T> {
    return this.#queue.run(async () => body(await this.#open()))
  }

  async #verdicts(id: string) {
    try {
      return await this.#client.call('trivaultOperationVerdicts', { params: { operationID: id } })
    } catch (error) {
      if (isAway(error)) return undefined
      throw error
    }
  }

  /** Takes what is new in the log and remembers its head. False: the wallet is away. */
  async #sync(): Promise<boolean> {
    const { replica } = await this.#open()
    let done = 0
    try {
      for await (const { head, ...stored } of entriesOf(this.#client, replica.seq + 1)) {
        await replica.append(stored)
        done++
        if (done % progressEvery === 0) this.#onProgress({ done: replica.seq, total: head })
      }
    } catch (error) {
      if (isAway(error)) return false
      throw error
    } finally {
      await this.#store.flush()
    }
    await this.#remember(replica)
    return true
  }

  async #remember(replica: LiveReplica): Promise<void> {
    const record = await this.#record()
    const seen = checkHead(record.seen, replica)
    if (seen.seq !== record.seen?.seq) await this.#store.write({ ...record, seen })
  }

  async #open(): Promise<{ record: DeviceRecord; replica: LiveReplica }> {
    const record = await this.#record()
    this.#replica ??= await this.#reopen(genesisOf(record))
    return { record, replica: this.#replica }
  }

  /** A damaged store is read anew from the wallet; the head that was seen still binds. */
  async #reopen(genesis: Genesis): Promise<LiveReplica> {
    try {
      return await LiveReplica.open(genesis, this.#store.log)
    } catch (error) {
      if (!(error instanceof ApprovalError)) throw error
      await this.#store.clearLog()
      return LiveReplica.open(genesis, this.#store.log)
    }
  }

  async #record(): Promise<DeviceRecord> {
    const record = await this.#store.read()
    if (record === undefined)
      throw new DeviceError('not-pinned', 'this device does not know the vault yet', 'pair it first')
    return record
  }

  async #own() {
    const record = await this.#record()
    const { key } = record
    if (key === undefined) throw new DeviceError('no-key', 'this device has no key', 'pair it first')
    return { record, genesis: genesisOf(record), key }
  }
}

const genesisOf = ({ pins }: DeviceRecord): Genesis => genesisJson.read(parseJson(pins))

const isAway = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === 'network' || error.code === 'timeout' || error.status >= 502)
