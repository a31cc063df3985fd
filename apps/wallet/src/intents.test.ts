import { ChainClients } from '@trivault/chain-clients'
import { decodeMessage } from '@trivault/chains'
import { toHex, utf8 } from '@trivault/codec'
import type { IntentOf } from '@trivault/protocol'
import { startCommand, TestVault } from '@trivault/testkit'
import { chainOf } from '@trivault/vault-state'
import { describe, expect, it } from 'vitest'
import { buildIntent } from './intents.ts'
import type { StartRequest } from './service.ts'

// A message needs no chain client.
const chains = new ChainClients({})
const vault = TestVault.founded()
const source = { MasterKeyName: 'Default', AccountName: 'treasury' }

async function signing(TypeOfSigning: string, DataToSign: string): Promise<IntentOf<'generic signing'>> {
  const intent = await buildIntent(
    { segment: 'genericSigning', payload: { Asset: 'ETH', DataToSign, TypeOfSigning, Source: source }, rawBody: '' },
    { state: vault.state, chains, now: vault.time, operationId: 'message', initiatorId: '' },
  )
  if (intent.OperationType !== 'generic signing') throw new Error('another type')
  expect(vault.try(startCommand(intent))).toMatchObject({ ok: true })
  return intent
}

const digestOf = (typeOfSigning: string, dataToSign: string): string => {
  const chain = chainOf(vault.state, 'eip155:31337')
  const address = vault.state.addresses.values()[0]?.address ?? ''
  return toHex(decodeMessage({ chain, source: address, typeOfSigning, dataToSign }).digest)
}

describe('an administrative operation', () => {
  const build = (request: object) =>
    buildIntent({ rawBody: '', ...request } as StartRequest, {
      state: vault.state,
      chains,
      now: vault.time,
      operationId: 'change',
      initiatorId: '',
    })

  it('names the person as registered, whatever the caller calls them', async () => {
    const person = { UserID: 'Carol@example.com', UserName: 'Carol' }
    for (const segment of ['deleteUser', 'resetUser']) {
      const intent = await build({ segment, payload: { UserID: 'CAROL@example.com' } })
      expect(intent).toMatchObject({ ...person, UserID: 'carol@example.com' })
      await expect(build({ segment, payload: { ...person, UserName: 'Eve' } })).rejects.toMatchObject({
        code: 'intent-mismatch',
      })
    }
  })

  it('keeps the digits of rates, and wants some', async () => {
    const Updates = [{ Asset: 'ETH', USDMin: '0.10000000000000000001', USDMax: '12345678901234567890.5' }]
    expect(await build({ segment: 'updateRates', payload: { Updates } })).toMatchObject({ Updates })
    await expect(build({ segment: 'updateRates', payload: {} })).rejects.toMatchObject({ code: 'malformed' })
  })

  it('with cold keys is refused by name', async () => {
    for (const segment of ['attachMasterKey', 'createBatch', 'finishCurrentBatch', 'deleteCurrentBatch'])
      await expect(build({ segment, payload: {} })).rejects.toMatchObject({ code: 'cold-wallet-not-enabled' })
  })
})

describe('a message to sign', () => {
  it.each(['hello', 'a "quoted" word', '0xdeadbeef', ''])('stands in the intent as given: %j', async text => {
    expect((await signing('personal_sign', text)).DataToSign).toBe(text)
  })

  it.each(['two\nlines', 'tab\tulator', 'one\r\n', 'abc\u202edef', '\u0000', '0x\n'.slice(1)])(
    'with characters that an intent must not hold stands there in hex: %j',
    async text => {
      const { DataToSign } = await signing('personal_sign', text)
      expect(DataToSign).toBe(`0x${toHex(utf8(text))}`)
      expect(digestOf('personal_sign', DataToSign)).toBe(digestOf('personal_sign', text))
    },
  )

  it('stands on the chain with the lowest id where several have the asset', async () => {
    vault.apply({ type: 'registerChain', by: '', caip2: 'eip155:11155111' })
    vault.apply({ type: 'registerChain', by: '', caip2: 'eip155:10' })
    expect((await signing('personal_sign', 'hello')).CAIP19).toBe('eip155:10/slip44:60')
  })

  it('that looks like hex and is none is refused', async () => {
    await expect(signing('personal_sign', '0xabc\n')).rejects.toMatchObject({ code: 'hex_malformed' })
  })
})

describe('typed data', () => {
  const data = {
    types: {
      EIP712Domain: [{ name: 'name', type: 'string' }],
      Note: [
        { name: 'text', type: 'string' },
        { name: 'count', type: 'uint256' },
      ],
    },
    primaryType: 'Note',
    domain: { name: 'Trivault' },
    message: { text: 'two\nlines,  "quoted" \\ spaces', count: 7 },
  }

  it('loses the white space between its parts and nothing else', async () => {
    const pretty = JSON.stringify(data, undefined, 2)
    const { DataToSign } = await signing('eth_signTypedData_v4', pretty)
    expect(DataToSign).toBe(JSON.stringify(data))
    expect(digestOf('eth_signTypedData_v4', DataToSign)).toBe(digestOf('eth_signTypedData_v4', pretty))
  })

  it('with text that could mislead a reader is refused by name', async () => {
    const misleading = JSON.stringify({ ...data, message: { text: 'abc\u202edef', count: 7 } })
    await expect(signing('eth_signTypedData_v4', misleading)).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('DataToSign: control and bidirectional characters'),
    })
  })

  it('that two readers could take differently is refused before it is touched', async () => {
    const twice = JSON.stringify(data).replace('"count":7', '"count":1,"count":7')
    await expect(signing('eth_signTypedData_v4', twice)).rejects.toMatchObject({ code: 'typed_data_malformed' })
  })
})
