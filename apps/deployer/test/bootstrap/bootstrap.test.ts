import { readFileSync } from 'node:fs'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Workplace } from '../run.ts'

const place = new Workplace('recommended')
const API = 'https://api.testnet.wallet.example.com'
const KEY = 'cwp_a-key-of-the-wallet'
beforeAll(async () => {
  expect((await place.run(['generate-customer-assets'])).code).toBe(0)
})
afterEach(() => vi.unstubAllGlobals())

type Answer = readonly [status: number, body: unknown] | Error
const sent: { url: string; body: string; authorization: string }[] = []

/** The wallet's answers, one after another; what is sent is kept. */
function answers(...list: readonly Answer[]): void {
  sent.length = 0
  const left = [...list]
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const { authorization = '' } = init.headers as Record<string, string>
    sent.push({ url, body: Buffer.from(init.body as Uint8Array).toString('utf8'), authorization })
    const answer = left.shift() ?? new Error('one request too many')
    if (answer instanceof Error) throw answer
    return new Response(JSON.stringify(answer[1]), { status: answer[0] })
  })
}
const bootstrap = (environment: Record<string, string> = {}, ...more: string[]) =>
  place.run(['bootstrap-policies-and-users', ...more], { WALLET_API_KEY: KEY, ...environment })

describe('bootstrap-policies-and-users', () => {
  it('sends the file byte for byte, with the key in a header', async () => {
    answers([200, {}])
    place.write('tenant-setup.json', `${place.read('tenant-setup.json')}\n\n`)
    expect((await bootstrap()).code).toBe(0)
    expect(sent).toEqual([
      {
        url: `${API}/api/tenants/default/setup`,
        body: readFileSync(place.path('tenant-setup.json'), 'utf8'),
        authorization: `Bearer ${KEY}`,
      },
    ])
  })

  it('takes another file from TENANT_SETUP_JSON', async () => {
    answers([200, {}])
    place.write('other.json', place.read('tenant-setup.json').replace('"owner"', '"board"'))
    expect((await bootstrap({ TENANT_SETUP_JSON: 'other.json' })).code).toBe(0)
    expect(sent[0]?.body).toContain('"board"')
  })

  it('ends well when the tenant is populated already', async () => {
    answers([409, { Detail: 'the default tenant is already populated' }])
    expect(await bootstrap()).toMatchObject({ code: 0, out: expect.stringContaining('nothing was changed') })
  })

  it('waits for the master keys, and is repeated after it broke', async () => {
    answers([503, { Detail: 'the master keys are still being generated' }], [200, {}])
    expect(await bootstrap()).toMatchObject({ code: 0, out: expect.stringContaining('waiting') })
    expect(sent).toHaveLength(2)
  }, 20_000)

  it.each<[string, Answer, RegExp]>([
    [
      'a key that the wallet does not know',
      [401, { Detail: 'the API key is not known' }],
      /WALLET_API_KEY.*\n.*bootstrap-key/,
    ],
    ['what the wallet refuses', [400, { Detail: 'unknown chain' }], /refused the set-up \(400\): unknown chain/],
    ['a wallet that is away', new TypeError('fetch failed'), /does not answer\n.*make status/],
  ])('says what to do about %s', async (_what, answer, message) => {
    answers(answer)
    const { code, err } = await bootstrap()
    expect([code, err]).toEqual([1, expect.stringMatching(message)])
    expect(err).not.toContain(KEY)
  })

  it.each<[string, Record<string, string>, number, RegExp]>([
    ['without a key', { WALLET_API_KEY: '' }, 2, /WALLET_API_KEY is not set/],
    ['with something else as key', { WALLET_API_KEY: 'hunter2hunter2' }, 1, /not an API key of the wallet/],
    ['without an address', { BACKEND_API_PATH: '' }, 2, /BACKEND_API_PATH is not set/],
    [
      'with the address of another environment',
      { BACKEND_API_PATH: 'https://api.mainnet.wallet.example.com' },
      1,
      /https:\/\/api\.testnet/,
    ],
    [
      'with an address without TLS',
      { BACKEND_API_PATH: 'http://api.testnet.wallet.example.com' },
      1,
      /https:\/\/api\.testnet/,
    ],
    ['with a file that is not there', { TENANT_SETUP_JSON: 'nothing.json' }, 1, /nothing\.json cannot be read/],
    ['in another namespace', { NAMESPACE: 'other' }, 1, /other/],
  ])('sends nothing %s', async (_what, environment, code, message) => {
    answers()
    const result = await bootstrap(environment)
    expect([result.code, result.err]).toEqual([code, expect.stringMatching(message)])
    expect(result.err).not.toContain('hunter2')
    expect(sent).toEqual([])
  })

  it.each<[string, (text: string) => string, RegExp]>([
    ['that is not JSON', () => '{', /tenant-setup\.json|broken\.json/],
    ['with an unknown chain', text => text.replace('eip155:11155111', 'nochain:1'), /nochain/],
    ['with a user who is no founder', text => text.replace('bob@example.com', 'eve@example.com'), /eve@example\.com/],
    [
      'with another quorum',
      text => text.replace('"ApprovalsRequired": 2', '"ApprovalsRequired": 1'),
      /ApprovalsRequired/,
    ],
  ])('sends no file %s', async (_what, change, message) => {
    answers()
    place.write('broken.json', change(place.read('tenant-setup.json')))
    const { code, err } = await bootstrap({ TENANT_SETUP_JSON: 'broken.json' })
    expect([code, err]).toEqual([expect.any(Number), expect.stringMatching(message)])
    expect(code).not.toBe(0)
    expect(sent).toEqual([])
  })

  it('sends nothing with --dry-run', async () => {
    answers()
    expect((await bootstrap({}, '--dry-run')).code).toBe(0)
    expect(sent).toEqual([])
  })
})
