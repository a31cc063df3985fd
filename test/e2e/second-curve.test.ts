import { execFile } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { base58 } from '@scure/base'
import { verifyMessage } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SAMPLE_ACCOUNT, SAMPLE_MASTER_KEY } from '../../apps/local/src/sample.ts'
import { type Api, DEV, OWNERS, type Person, Site } from './site.ts'

// A master key has a share on each curve at every node. What comes back is verified by other libraries than the vault's.

const SOLANA = 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp'
const SOL = `${SOLANA}/slip44:501`
const Source = { MasterKeyName: SAMPLE_MASTER_KEY, AccountName: SAMPLE_ACCOUNT }
const message = 'Log in to example.com\nnonce 7'
const tool = fileURLToPath(new URL('../../apps/recovery/src/main.ts', import.meta.url))

let site: Site
let admin: Api
let alice: Person
let address: string

const addressOn = async (CAIP2: string, Index = 0) =>
  (
    await admin.ok('cwpgetAddressCAIP2', {
      body: { MasterKey: SAMPLE_MASTER_KEY, Account: SAMPLE_ACCOUNT, CAIP2, Index },
    })
  ).Address
const approved = async (id: string) => {
  await alice.approve(id)
  return (await site.succeeded(id)).Result
}
const sign = async (asset: object, DataToSign = message) => {
  const body = { DataToSign, TypeOfSigning: 'personal_sign', Source, ...asset }
  const { OperationID } = await alice.api.ok('cwpstartGenericSigning', { body: body as never })
  const result = (await approved(OperationID))?.GenericSignature
  return Buffer.from(result?.Signature ?? '', 'base64')
}
/** By OpenSSL, under the key that is the address. */
const isSignedBy = (owner: string, text: string, signature: Uint8Array): boolean => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(base58.decode(owner)).toString('base64url') }
  return verify(null, Buffer.from(text), createPublicKey({ key: jwk, format: 'jwk' }), signature)
}

beforeAll(async () => {
  site = await Site.start('curves')
  admin = site.admin
  alice = await site.person(OWNERS[0])
  await admin.ok('cwpregisterKnownChain', { body: { CAIP2: SOLANA } })
})

afterAll(() => site?.end())

describe('a Solana account', () => {
  it('has canonical addresses of its own, found by their exact text', async () => {
    address = await addressOn(SOLANA)
    expect(base58.decode(address)).toHaveLength(32)
    expect(base58.encode(base58.decode(address))).toBe(address)
    const second = await addressOn(SOLANA, 1)
    expect(second).not.toBe(address)
    const known = { MasterKey: SAMPLE_MASTER_KEY, Account: SAMPLE_ACCOUNT, Index: 1 }
    expect(await admin.ok('cwpresolveAddress', { body: { Address: second } })).toEqual(known)
    await admin.refused('cwpresolveAddress', 404, { body: { Address: second.toLowerCase() } })
  })

  it('cannot be paid from in this release, and says so', async () => {
    const body = { Source, CAIP19: SOL, Destination: [{ Address: address, Amount: '0.1' }] }
    for (const more of [{}, { Solana: { PriorityFee: 1 } }]) {
      const refused = await alice.api.refused('cwpstartMakeTransaction', 400, { body: { ...body, ...more } })
      expect(refused).toMatchObject({ code: 'M0151', message: expect.stringContaining('Solana') })
    }
    const balance = { MasterKey: SAMPLE_MASTER_KEY, Account: SAMPLE_ACCOUNT, CAIP19: SOL }
    expect((await admin.refused('cwpgetOnChainBalance', 400, { body: balance })).message).toContain('Solana')
  })
})

describe('generic signing', () => {
  it('signs on Ed25519: 64 bytes that verify under the address', async () => {
    const signature = await sign({ Asset: 'SOL', CAIP19: SOL })
    expect(signature).toHaveLength(64)
    expect(isSignedBy(address, message, signature)).toBe(true)
    expect(isSignedBy(address, `${message} `, signature)).toBe(false)
  })

  it('signs on secp256k1 beside it', async () => {
    const signature = await sign({ Asset: 'ETH', CAIP19: `${DEV}/slip44:60` }, 'the other curve')
    expect(verifyMessage('the other curve', `0x${signature.toString('hex')}`)).toBe(await addressOn(DEV))
  })

  it('never signs what could be a transaction', async () => {
    const legacy = Buffer.concat([Buffer.of(1, 0, 0, 1), base58.decode(address), Buffer.alloc(32), Buffer.of(0)])
    const body = { Asset: 'SOL', CAIP19: SOL, Source }
    for (const bytes of [legacy, Buffer.concat([Buffer.of(0x80), legacy, Buffer.of(0)])])
      for (const TypeOfSigning of ['raw', 'personal_sign']) {
        const request = { ...body, TypeOfSigning, DataToSign: `0x${bytes.toString('hex')}` }
        const refused = await alice.api.refused('cwpstartGenericSigning', 400, { body: request })
        expect(refused.message).toMatch(/transaction/)
      }
  })
})

describe('a refresh of the shares', () => {
  it('needs the owner quorum; the same addresses sign on, with both curves', async () => {
    const before = [await addressOn(DEV), await addressOn(SOLANA)]
    const { OperationID } = await alice.api.ok('cwpstartRefreshMasterKey', { body: { Name: SAMPLE_MASTER_KEY } })
    await alice.approve(OperationID)
    expect((await site.status(OperationID, 'Pending approval')).Status).toBe('Pending approval')
    await (await site.person(OWNERS[1])).approve(OperationID)
    await site.succeeded(OperationID)
    expect([await addressOn(DEV), await addressOn(SOLANA)]).toEqual(before)
    expect(isSignedBy(address, message, await sign({ Asset: 'SOL', CAIP19: SOL }))).toBe(true)
    const signature = await sign({ Asset: 'ETH', CAIP19: `${DEV}/slip44:60` }, 'after the refresh')
    expect(verifyMessage('after the refresh', `0x${signature.toString('hex')}`)).toBe(before[0])
  })
})

describe('the backups of a master key', () => {
  it('rebuild both keys, each with its own addresses', async () => {
    const { OperationID } = await alice.api.ok('cwpstartBackupMasterKey', { body: { Name: SAMPLE_MASTER_KEY } })
    const backups = (await approved(OperationID))?.Backup ?? []
    const expected = { ECDSA_SECP256K1: ['44/60/0/0', await addressOn(DEV)], EdDSA_Ed25519: ['44/501/0/0', address] }
    expect(backups.map(({ Type }) => Type)).toEqual(Object.keys(expected))
    for (const { Type, Backup } of backups) {
      const file = `${site.home}/${Type}.bin`
      writeFileSync(file, Buffer.from(Backup, 'base64'), { mode: 0o600 })
      const args = ['rebuild', '--backup', file, '--ers-key', `${site.home}/sample-ers-key.pem`, '--json']
      const rebuilt = JSON.parse((await promisify(execFile)(process.execPath, [tool, ...args])).stdout)
      const [path = '', own] = expected[Type as keyof typeof expected]
      expect(rebuilt).toMatchObject({ curve: Type, verified: true, addresses: { [path]: own } })
    }
    expect(readFileSync(`${site.home}/sample.done`, 'utf8').trim()).toBe(await addressOn(DEV))
  })
})
