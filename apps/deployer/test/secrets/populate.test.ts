import { execFileSync } from 'node:child_process'
import { chmodSync, statSync } from 'node:fs'
import { DecryptCommand, GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { toHex } from '@trivault/codec'
import { decodeNodeSecret, identityKeyOf } from '@trivault/node-core'
import { adminKeyOfSpki } from '@trivault/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pinnedKeys } from '../config-faults/fault.ts'
import { Workplace } from '../run.ts'
import { ersLine, fill, identity } from './given.ts'
import { A, B, Partitions, secretName } from './partitions.ts'

const ers = ersLine()
let world: Partitions
let wallet: Workplace
let node1: Workplace
const run: Partitions['run'] = (...args) => world.run(...args)
const ok: Partitions['ok'] = (...args) => world.ok(...args)
const secretOf: Partitions['secretOf'] = (...args) => world.secretOf(...args)

beforeAll(async () => {
  world = await Partitions.start()
  for (const [account, node] of [
    [A, 0],
    [B, 1],
  ] as const)
    await world.makeKey(account, `policy-node${node}`)
  await world.makeAdminKey(B, 1)
  wallet = await world.workplace(A)
  node1 = await world.workplace(A)
}, 60_000)
afterAll(() => world.stop())

describe('the secrets of the wallet partition', () => {
  it('begin with a template of mode 0600 that is never overwritten', async () => {
    await ok(wallet, A, 'generate-secret-file')
    expect(statSync(wallet.path('customer-secrets.yml')).mode & 0o777).toBe(0o600)
    const before = wallet.read('customer-secrets.yml')
    expect(await ok(wallet, A, 'generate-secret-file')).toMatch(/stays as it is/)
    expect(wallet.read('customer-secrets.yml')).toBe(before)
    const empty = await run(wallet, A, 'populate-secrets-wallet')
    expect(empty.code).toBe(1)
    expect(empty.err).toMatch(/customer-secrets\.yml:\d+ ubiquity_org_username/)
  })

  it('get a root that is printed nowhere and made once', async () => {
    const said = await ok(wallet, A, 'broker-ca')
    const made = wallet.read('customer-secrets.yml')
    expect(made).toMatch(/^broker-root-ca-key: \|\n {2}-----BEGIN PRIVATE KEY-----$/m)
    expect(said).not.toMatch(/BEGIN/)
    expect(await ok(wallet, A, 'broker-ca')).toMatch(/stay as they are/)
    expect(wallet.read('customer-secrets.yml')).toBe(made)
    wallet.write(
      'customer-secrets.yml',
      fill(made, {
        ubiquity_org_username: 'acme',
        ubiquity_auth_token: 'token-one',
        ers_public_key: ers,
        ...identity,
        ISSUER: world.issuer,
      }),
    )
  })

  it('are shown as a plan first; a no writes nothing', async () => {
    const plan = await ok(wallet, A, 'populate-secrets-wallet', '--dry-run')
    expect(plan).toMatch(/ubiquity_auth_token +create/)
    expect(plan).not.toMatch(/token-one|BEGIN/)
    const no = await run(wallet, A, 'populate-secrets-wallet')
    expect([no.code, no.err]).toEqual([3, expect.stringContaining('nothing was written')])
    expect(no.err).toContain('no RPC URL for eip155:11155111')
    expect(world.aws.calls.some(({ operation }) => operation === 'CreateSecret')).toBe(false)
  })

  it('are written by one of two runs at once: none overwrites what another generated', async () => {
    const meanwhile: number[] = []
    const late = await wallet.run(
      ['populate-secrets-wallet'],
      world.aws.environmentFor(A, 'admin'),
      Date.now,
      async () => {
        const place = new Workplace('recommended')
        await ok(place, A, 'generate-customer-assets')
        place.write('customer-secrets.yml', wallet.read('customer-secrets.yml'))
        meanwhile.push((await run(place, A, 'populate-secrets-wallet', '--yes')).code)
        return true
      },
    )
    expect([meanwhile, late.code, late.err]).toEqual([
      [0],
      3,
      expect.stringMatching(/another run wrote it[\s\S]*again/),
    ])
  })

  it('are rotated by one of two runs at once', async () => {
    const rotate = (place: Workplace, ask: () => Promise<boolean>) =>
      place.run(['populate-secrets-wallet', '--rotate', 'db-info'], world.aws.environmentFor(A, 'admin'), Date.now, ask)
    let between = ''
    const late = await rotate(wallet, async () => {
      expect((await rotate(wallet, async () => true)).code).toBe(0)
      between = await secretOf(A, 'db-info')
      return true
    })
    expect([late.code, await secretOf(A, 'db-info')]).toEqual([3, between])
    expect((await rotate(wallet, async () => true)).code).toBe(0)
    expect(await secretOf(A, 'db-info')).not.toBe(between)
  })

  it('are written once; the same run again changes nothing', async () => {
    await ok(wallet, A, 'populate-secrets-wallet', '--yes')
    expect(await secretOf(A, 'ubiquity_auth_token')).toBe('token-one')
    expect(JSON.parse(await secretOf(A, 'auth0'))).toMatchObject({ PROVIDER: 'auth0', ISSUER: world.issuer })
    const before = await Promise.all(['db-info', 'webhook-token', 'broker-tls.node2'].map(name => secretOf(A, name)))
    expect(await ok(wallet, A, 'populate-secrets-wallet', '--yes')).toMatch(/nothing to do/)
    expect(await Promise.all(['db-info', 'webhook-token', 'broker-tls.node2'].map(name => secretOf(A, name)))).toEqual(
      before,
    )
  })

  it('change only by name', async () => {
    wallet.edit('customer-secrets.yml', 'token-one', 'token-two')
    expect(await ok(wallet, A, 'populate-secrets-wallet', '--yes')).toMatch(/ubiquity_auth_token +differs.*--rotate/)
    expect(await secretOf(A, 'ubiquity_auth_token')).toBe('token-one')
    const dbInfo = await secretOf(A, 'db-info')
    await ok(wallet, A, 'populate-secrets-wallet', '--yes', '--rotate', 'ubiquity_auth_token')
    expect([await secretOf(A, 'ubiquity_auth_token'), await secretOf(A, 'db-info')]).toEqual(['token-two', dbInfo])
    const unknown = await run(wallet, A, 'populate-secrets-wallet', '--yes', '--rotate', 'db_info')
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('there is no such secret')])
  })

  it('renew certificates that end soon, also when the file is gone', async () => {
    const before = await secretOf(A, 'broker-tls.wallet')
    const place = new Workplace('recommended')
    await ok(place, A, 'generate-customer-assets')
    const later = () => Date.now() + 380 * 86_400_000
    const { code, out } = await place.run(
      ['populate-secrets-wallet', '--yes'],
      world.aws.environmentFor(A, 'admin'),
      later,
    )
    expect([code, out]).toEqual([0, expect.stringMatching(/broker-tls\.wallet +renew/)])
    expect(await secretOf(A, 'broker-tls.wallet')).not.toBe(before)
  })

  it('are refused to another account, and warn about a file that git knows or others can read', async () => {
    const foreign = await run(wallet, B, 'populate-secrets-wallet', '--yes')
    expect([foreign.code, foreign.err]).toEqual([3, expect.stringContaining('111111111111')])
    chmodSync(wallet.path('customer-secrets.yml'), 0o644)
    execFileSync('git', ['init', '-q'], { cwd: wallet.cwd })
    execFileSync('git', ['add', '-f', 'customer-secrets.yml'], { cwd: wallet.cwd })
    const { err } = await run(wallet, A, 'populate-secrets-wallet', '--dry-run')
    expect(err).toMatch(/mode 644.*chmod 600/)
    expect(err).toMatch(/tracked by git/)
  })
})

describe('the secret of a Policy Node', () => {
  it('waits for its stack', async () => {
    const early = await run(wallet, A, 'populate-secrets-policy-node0')
    expect([early.code, early.err]).toEqual([1, expect.stringContaining('make deploy-policy-node0-long-lived')])
  })

  it('is made once, leaves this host encrypted only, and gives a card', async () => {
    for (const [account, node] of [
      [A, 0],
      [B, 1],
    ] as const)
      for (const name of [`policy-node${node}`, `policy-node${node}.pins`])
        await new SecretsManagerClient(world.asAdmin(account)).send(new CreateSecretCommand({ Name: secretName(name) }))
    const keyless = await run(wallet, A, 'populate-secrets-policy-node0')
    expect([keyless.code, keyless.err]).toEqual([
      1,
      expect.stringMatching(
        /no key alias\/acme-custody-testnet-policy-node0-admin[\s\S]*make deploy-policy-node0-long-lived/,
      ),
    ])
    await world.makeAdminKey(A, 0)
    const tableless = await run(wallet, A, 'populate-secrets-policy-node0')
    expect([tableless.code, tableless.err]).toEqual([
      1,
      expect.stringMatching(
        /no table acme-custody-testnet-policy-node0-anchor[\s\S]*make deploy-policy-node0-long-lived/,
      ),
    ])
    for (const [account, node] of [
      [A, 0],
      [B, 1],
    ] as const)
      await world.makeAnchor(account, node)
    const first = await ok(wallet, A, 'populate-secrets-policy-node0')
    const value = await secretOf(A, 'policy-node0')
    expect(Object.keys(JSON.parse(value))).toEqual(['version', 'secret'])
    const second = await ok(wallet, A, 'populate-secrets-policy-node0')
    expect(await secretOf(A, 'policy-node0')).toBe(value)
    const keyIn = (text: string) => /identity key ([0-9a-f]{64})/.exec(text)?.[1]
    expect(keyIn(second)).toBe(keyIn(first))
    expect(JSON.parse(wallet.read('policy-node0.card.json'))).toEqual({ index: 0, identityKey: keyIn(first) })
  })

  it('has the card of the secret that is stored, whatever a run beside it wrote', async () => {
    const other = `{"card":{"index":0,"identityKey":"${'7'.repeat(64)}"}}`
    await world.putSecret(A, 'policy-node0.pins', other)
    const again = await ok(wallet, A, 'populate-secrets-policy-node0')
    const { CiphertextBlob } = {
      CiphertextBlob: Buffer.from(JSON.parse(await secretOf(A, 'policy-node0')).secret, 'base64'),
    }
    const { Plaintext = new Uint8Array() } = await new KMSClient(world.asAdmin(A)).send(
      new DecryptCommand({ CiphertextBlob, EncryptionContext: { deploymentId: 'acme-custody.testnet', node: '0' } }),
    )
    const secret = decodeNodeSecret(Plaintext)
    const stored = toHex(identityKeyOf(secret))
    expect(again).toContain(`identity key ${stored}`)
    const AdminKeyId = 'alias/acme-custody-testnet-policy-node0-admin'
    const { PublicKey } = await new KMSClient(world.asAdmin(A)).send(new GetPublicKeyCommand({ KeyId: AdminKeyId }))
    expect(secret.adminKey).toEqual(adminKeyOfSpki(PublicKey ?? new Uint8Array()))
    expect(JSON.parse(await secretOf(A, 'policy-node0.pins')).card.identityKey).toBe(stored)
  })

  it('is made by one of two runs at once, and the card is its own', async () => {
    const runs = await Promise.all(
      [node1, new Workplace('recommended')].map(async place => {
        await ok(place, B, 'generate-customer-assets')
        return run(place, B, 'populate-secrets-policy-node1')
      }),
    )
    expect(runs.map(({ code }) => code).sort()).toEqual([0, 3])
    const won = runs.find(({ code }) => code === 0)
    const { card } = JSON.parse(await secretOf(B, 'policy-node1.pins'))
    expect(won?.out).toContain(card.identityKey)
  })

  it('is another admin’s in another account', async () => {
    const foreign = await run(wallet, A, 'populate-secrets-policy-node1')
    expect([foreign.code, foreign.err]).toEqual([3, expect.stringContaining('222222222222')])
    await ok(node1, B, 'populate-secrets-policy-node1')
  })
})

describe('the pins', () => {
  const pin = (...more: string[]) => run(wallet, A, 'pin-peers-policy-node0', ...more)
  it('want the other two cards, and take no other node’s for them', async () => {
    const absent = await pin('--yes')
    expect([absent.code, absent.err]).toEqual([1, expect.stringContaining('policy-node1.card.json is not in')])
    wallet.write('policy-node1.card.json', node1.read('policy-node1.card.json'))
    wallet.write('policy-node2.card.json', node1.read('policy-node1.card.json'))
    const wrong = await pin('--yes')
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('it is the card of Policy Node 1')])
    wallet.write('policy-node2.card.json', `{"index":2,"identityKey":"${'2'.repeat(64)}"}`)
  })

  it('are not taken from a card of one’s own that somebody changed', async () => {
    const own = wallet.read('policy-node0.card.json')
    wallet.write('policy-node0.card.json', `{"index":0,"identityKey":"${'0'.repeat(64)}"}`)
    const swapped = await pin('--yes')
    expect([swapped.code, swapped.err]).toEqual([3, expect.stringContaining("not this node's card")])
    wallet.write('policy-node0.card.json', own)
  })

  it('are asked for, kept, and replaced only on request', async () => {
    expect((await pin()).code).toBe(3)
    const pinned = await ok(wallet, A, 'pin-peers-policy-node0', '--yes')
    const { pins, ersPublicKey } = JSON.parse(await secretOf(A, 'policy-node0.pins'))
    expect(pins).toMatchObject({
      profile: 'enclave',
      foundingMode: 'identity',
      issuer: world.issuer,
      approverClientId: 'approver-app',
    })
    expect(ersPublicKey).toMatch(/^-----BEGIN PUBLIC KEY/)
    expect(await ok(wallet, A, 'pin-peers-policy-node0')).toMatch(/nothing to do/)
    wallet.edit('customer-secrets.yml', 'approver-app', 'another-app')
    const other = await pin('--yes')
    expect([other.code, other.err]).toEqual([3, expect.stringContaining('the first difference is approverClientId')])
    await ok(wallet, A, 'pin-peers-policy-node0', '--yes', '--replace')
    expect(pinned).toMatch(/vault ([0-9a-f]{8} ?){8}/)
  })

  it('are the founders’ keys too, in founding mode pinned', async () => {
    const [config, before] = [wallet.read('customer-config.yml'), wallet.read('bd-wallet.yml')]
    wallet.write('customer-config.yml', pinnedKeys('c', 'a', 'b')(config))
    await ok(wallet, A, 'generate-customer-assets')
    const other = await pin('--yes')
    expect([other.code, other.err]).toEqual([3, expect.stringContaining('the first difference is foundingMode')])
    const shown = await pin('--replace', '--dry-run', '--json')
    const pins: unknown = JSON.parse(shown.out)
    const founderKeys = ['c', 'a', 'b'].map(digit => digit.repeat(64))
    expect(pins).toMatchObject({ foundingMode: 'pinned', founderKeys, foundersRequired: 2, issuer: world.issuer })
    expect(shown.err).toContain(`key               ${founderKeys[2]}  cleo@example.com`)
    wallet.write('customer-config.yml', config)
    wallet.write('bd-wallet.yml', before)
  })

  it('refuse a provider that calls itself something else', async () => {
    wallet.edit('customer-secrets.yml', `'${world.issuer}'`, `'${world.issuer}/'`)
    const other = await pin('--yes', '--replace')
    expect([other.code, other.err]).toEqual([1, expect.stringContaining('calls itself')])
  })
})
