import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { certificateEnd, certificateIsUsable, createBusRoot, openBusRoot } from './index.ts'

const now = Date.now()
const DAY = 86_400_000
const broker = { dns: ['broker.testnet.acme.internal'] }
const made = await createBusRoot({ now, days: 3650, exportable: true })
const rootPair = { cert: made.root.cert, key: made.key ?? expect.fail('no key') }

describe('certificates of a root that is kept', () => {
  it('are issued by whoever has both of its halves', async () => {
    const root = await openBusRoot(rootPair, now)
    for (const who of [{ party: 'node1' }, broker]) {
      const pair = await root.issue(who, now)
      expect(await certificateIsUsable(root.cert, pair, who, now)).toBe(true)
      expect(new X509Certificate(pair.cert).verify(new X509Certificate(root.cert).publicKey)).toBe(true)
    }
  })

  it('name a client by URI and the broker by its host', async () => {
    const node = new X509Certificate((await made.root.issue({ party: 'node1' }, now)).cert)
    expect(node.subjectAltName).toBe('URI:urn:trivault:bus:node1')
    const server = new X509Certificate((await made.root.issue(broker, now)).cert)
    expect(server.checkHost('broker.testnet.acme.internal')).toBeDefined()
    expect(server.checkHost('broker.mainnet.acme.internal')).toBeUndefined()
  })

  it('are to be renewed for another name, another root, and in their last 30 days', async () => {
    const pair = await made.root.issue({ party: 'wallet' }, now)
    const other = await createBusRoot({ now, days: 30, exportable: false })
    expect(await certificateIsUsable(made.root.cert, pair, { party: 'node0' }, now)).toBe(false)
    expect(await certificateIsUsable(other.root.cert, pair, { party: 'wallet' }, now)).toBe(false)
    expect(await certificateIsUsable(made.root.cert, pair, { party: 'wallet' }, now + 368 * DAY)).toBe(false)
    expect(await certificateIsUsable(made.root.cert, { ...pair, key: '' }, { party: 'wallet' }, now)).toBe(false)
    expect(certificateEnd(pair.cert)).toBeGreaterThan(now + 396 * DAY)
    expect(certificateEnd('nothing')).toBeUndefined()
  })
})

describe('a root', () => {
  it.each([
    [
      'a key of another one',
      async () => ({ ...rootPair, key: (await createBusRoot({ now, days: 9, exportable: true })).key ?? '' }),
      now,
      /belong together/,
    ],
    ['a certificate that is none', async () => ({ ...rootPair, cert: 'x' }), now, /not a certificate/],
    [
      'a key of another form',
      async () => ({
        ...rootPair,
        key: execFileSync('openssl', ['ecparam', '-genkey', '-name', 'prime256v1', '-noout'], { encoding: 'utf8' }),
      }),
      now,
      /PKCS #8/,
    ],
    [
      'an RSA key',
      async () => ({
        ...rootPair,
        key: execFileSync('openssl', ['genpkey', '-algorithm', 'RSA'], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
      }),
      now,
      /P-256/,
    ],
    ['a client', async () => made.root.issue({ party: 'node0' }, now), now, /authority/],
    ['a root of the past', async () => rootPair, now + 4000 * DAY, /expired/],
  ])('is not opened with %s', async (_what, pair, at, message) => {
    await expect(openBusRoot(await pair(), at)).rejects.toThrow(message)
  })
})
