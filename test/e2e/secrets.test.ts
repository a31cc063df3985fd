import { execFile } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { openCiphertextForRecipient } from '@trivault/attestation'
import { DeviceKey } from '@trivault/client'
import { decodeNodeSecret, NODE_SECRET_LENGTH, secretContext } from '@trivault/node-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLocalKms } from '../../apps/local/src/services/kms-store.ts'
import { DEV, ETHER, RECIPIENT, Site, until } from './site.ts'

// Every secret of a vault that a test can get hold of, and some that it makes, is looked for in all that a vault leaves
// behind while it works, fails and recovers: logs, error bodies, arguments, environments, metrics, and every file.

/** Where a secret may be, by its path in the home. These are the files that SECURITY.md names. */
const places = {
  'API key': /^endpoints\.json$/,
  password: /^endpoints\.json$/,
  'device key': /^devices\/[^/]+\.key$/,
  'ERS key': /^sample-ers-key\.pem$/,
  'KMS key': /^services\/kms\.json$/,
  'OIDC key': /^services\/oidc-keys\.json$/,
  'cookie key': /^services\/cookie-secret$/,
  'admin key': /^node[012]\/admin-key\.pem$/,
  'bus key': /^bus\/[^/]+\.key$/,
  'database password': /^(node[012]|wallet)\/database-url$/,
  'superuser password': /^postgres\/superuser\.password$/,
  nowhere: /^$/,
} as const
type Kind = keyof typeof places

type Secret = { readonly kind: Kind; readonly name: string; readonly needles: readonly Buffer[] }

let site: Site
const secrets: Secret[] = []
const bodies: string[] = []

const read = (path: string) => readFileSync(join(site.home, path), 'utf8')

function text(kind: Kind, name: string, ...values: string[]): void {
  for (const value of values) expect(value.length, name).toBeGreaterThanOrEqual(8)
  secrets.push({ kind, name, needles: values.map(value => Buffer.from(value)) })
}

/** In the clear, in hex and in base64 of both alphabets. */
function bytes(kind: Kind, name: string, value: Uint8Array): void {
  const raw = Buffer.from(value)
  expect(raw.length, name).toBeGreaterThanOrEqual(16)
  const texts = [
    raw.toString('hex'),
    raw.toString('hex').toUpperCase(),
    raw.toString('base64').replace(/=+$/, ''),
    raw.toString('base64url'),
  ]
  secrets.push({ kind, name, needles: [raw, ...texts.map(one => Buffer.from(one))] })
}

/** A PEM by its lines but the first, which private keys of one kind share, and by the number that is secret. */
function pem(kind: Kind, name: string, content: string): void {
  const body = /-----BEGIN [^-]+-----([^-]+)-----END/.exec(content)?.[1] ?? expect.fail(name)
  const lines = body
    .trim()
    .split('\n')
    .map(line => line.trim())
  text(kind, `${name}, PEM`, ...lines.slice(1).filter(line => line.length >= 16))
  const { d } = createPrivateKey(content).export({ format: 'jwk' })
  bytes(kind, name, Buffer.from(d ?? '', 'base64url'))
}

function* files(dir: string): Generator<string> {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) yield* files(path)
    else if (entry.isFile()) yield path
  }
}

/** Those that the supervisor started, and theirs. */
function processes(): number[] {
  const children = (pid: number): number[] => {
    try {
      const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
      return list === '' ? [] : list.split(' ').map(Number)
    } catch {
      return []
    }
  }
  const all = [...site.vault.processes()]
  for (const pid of all) all.push(...children(pid))
  return all
}

const found = (haystack: Buffer) => secrets.filter(({ needles }) => needles.some(needle => haystack.includes(needle)))
const named = (where: string, list: readonly Secret[]) => list.map(({ kind, name }) => `${where}: ${kind} ${name}`)

beforeAll(async () => {
  site = await Site.start('secrets')
})

afterAll(() => site?.end())

describe('a vault that works, fails and recovers', () => {
  it('has these secrets', async () => {
    const { bootstrapApiKey, adminApiKey, users } = site.vault.endpoints
    text('API key', 'bootstrap', bootstrapApiKey ?? '')
    text('API key', 'admin', adminApiKey ?? '')
    for (const user of users) {
      text('password', user.id, user.password)
      const key = readFileSync(user.deviceKeyFile ?? '', 'utf8')
      text('device key', user.id, key.trim())
      const der = Buffer.from(key, 'base64')
      const { d } = createPrivateKey({ key: der, format: 'der', type: 'sec1' }).export({ format: 'jwk' })
      bytes('device key', `${user.id}, number`, Buffer.from(d ?? '', 'base64url'))
    }
    pem('ERS key', 'sample', read('sample-ers-key.pem'))
    const kms = JSON.parse(read('services/kms.json'))
    secrets.push({
      kind: 'KMS key',
      name: 'root',
      needles: kms.root.key
        .split('\n')
        .slice(2, 3)
        .map((line: string) => Buffer.from(line)),
    })
    for (const [name, { material }] of Object.entries<{ material: string }>(kms.keys))
      bytes('KMS key', name, Buffer.from(material, 'base64'))
    for (const { d } of JSON.parse(read('services/oidc-keys.json')).keys)
      bytes('OIDC key', 'signing', Buffer.from(d, 'base64url'))
    text('cookie key', 'cookies', read('services/cookie-secret').trim())
    for (const file of readdirSync(join(site.home, 'bus')).filter(name => name.endsWith('.key')))
      pem('bus key', file, read(`bus/${file}`))
    for (const node of ['node0', 'node1', 'node2']) pem('admin key', node, read(`${node}/admin-key.pem`))
    for (const party of ['node0', 'node1', 'node2', 'wallet'])
      text('database password', party, new URL(read(`${party}/database-url`)).password)
    text('superuser password', 'postgres', read('postgres/superuser.password').trim())
    for (const [index, secret] of (await releasedSecrets()).entries()) {
      bytes('nowhere', `Encryptor Master Password of node ${index}`, secret.encryptorMasterPassword)
      bytes('nowhere', `identity seed of node ${index}`, secret.identitySeed)
    }
    expect(secrets.length).toBeGreaterThan(30)
  })

  it('is used, with what it must keep to itself', async () => {
    const { admin } = site
    const { ApiKey } = await admin.ok('createSystemUserEndpoint', { body: { Name: 'robot', Role: 'Viewer' } })
    text('nowhere', 'API key of a system user', ApiKey)
    await site.api(ApiKey).ok('cwplistUsers')
    const alice = await site.person('alice@example.com')
    const token = await site.token(alice.id)
    text('nowhere', 'token', token, token.split('.')[2] ?? '')
    const bearer = site.api(`Bearer ${token}`)
    await bearer.ok('getUserInfo')
    const socket = new WebSocket(`${site.url.replace('http', 'ws')}/api/cwp/events?access_token=${token}`, ['trivault'])
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', reject)
    })
    socket.close()
    const Source = { MasterKeyName: 'main', AccountName: 'treasury' }
    const pay = { Source, Destination: [{ Address: RECIPIENT, Amount: '0.1' }], CAIP19: ETHER }
    const { OperationID } = (await bearer.ok('cwpstartMakeTransaction', { body: pay } as never)) as {
      OperationID: string
    }
    await alice.approve(OperationID)
    await site.succeeded(OperationID)
    const backup = (await bearer.ok('cwpstartBackupMasterKey', { body: { Name: 'main' } } as never)) as {
      OperationID: string
    }
    await alice.approve(backup.OperationID)
    const { Result } = await site.succeeded(backup.OperationID)
    await rebuilt(Buffer.from(Result?.Backup?.[0]?.Backup ?? '', 'base64'))
  })

  it('meets errors of every kind', async () => {
    const planted = () => {
      const value = `planted-${randomBytes(12).toString('hex')}`
      text('nowhere', 'planted', value)
      return value
    }
    const { oidc, users } = site.vault.endpoints
    for (const form of [
      {
        grant_type: 'urn:trivault:password',
        client_id: 'trivault-cli',
        username: users[0]?.id ?? '',
        password: planted(),
      },
      { grant_type: 'urn:trivault:password', client_id: 'trivault-cli', username: planted(), password: planted() },
      { grant_type: 'authorization_code', client_id: 'trivault-cli', code: planted(), code_verifier: planted() },
      { grant_type: 'refresh_token', client_id: 'trivault-cli', refresh_token: planted() },
    ] as Record<string, string>[]) {
      const answer = await fetch(`${oidc}/token`, { method: 'POST', body: new URLSearchParams(form) })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      bodies.push(await answer.text())
    }
    for (const credential of [
      `cwp_${planted()}`,
      `Bearer cwp_${planted()}`,
      `Bearer ${planted()}.e30.x`,
      `Basic ${planted()}`,
    ])
      await site.api(credential).refused('cwplistUsers', 401)
    const { admin } = site
    const key = DeviceKey.generate().export()
    text('nowhere', 'device key in the wrong field', key)
    const misplaced = [
      { UserID: 'alice@example.com', PublicKey: key },
      { UserID: 'alice@example.com', PublicKey: planted() },
      { UserID: 'alice@example.com', PublicKey: 'AAAA', PrivateKey: planted() },
      { UserID: planted(), PublicKey: 'AAAA' },
    ]
    for (const body of misplaced) await admin.refused('cwpstartSetUserPublicKey', 400, { body })
    await admin.refused('cwpsearchOperationInfos', 400, { body: { Pagination: { Token: planted() } } })
    await admin.raw('query', 'GET', `/api/trivault/log/entries?from=${planted()}`)
    await admin.raw('query', 'GET', `/api/cwp/users/list?api_key=${planted()}`)
    await admin.raw('query', 'GET', `/api/nothing?token=${planted()}`)
    await admin.raw('body', 'POST', '/api/cwp/users/getById', `{"password":"${planted()}"`)
    for (const name of ['node1', 'postgres', 'nats', 'services', 'wallet']) {
      await site.vault.kill(name, 'SIGKILL')
      if (name !== 'wallet')
        await admin.send('createSystemUserEndpoint', { body: { Name: `while ${name} is away`, Role: 'Viewer' } })
      await site.vault.up()
    }
    await until('the vault works', async () => (await site.api(undefined).send('ready')).status === 200)
    await until('three nodes', async () => (await admin.ok('trivaultNodes')).Nodes.every(node => node.Online))
    for (const { body } of site.seen as { body: { ApiKey?: string } | undefined }[])
      if (body?.ApiKey) text('nowhere', 'API key', body.ApiKey)
  })
})

describe('is not told', () => {
  it('in an error body', () => {
    const errors = site.seen.filter(({ status }) => status >= 400)
    expect(errors.length).toBeGreaterThanOrEqual(15)
    const told = [...errors.map(({ text: body }) => body), ...bodies].flatMap(body =>
      named(body, found(Buffer.from(body))),
    )
    expect(told).toEqual([])
  })

  it('in a log line, and every line of a Trivault process is JSON', () => {
    const logs = readdirSync(join(site.home, 'logs'))
    const names = ['nats', 'node0', 'node1', 'node2', 'postgres', 'services', 'supervisor', 'wallet']
    expect(logs).toEqual(expect.arrayContaining(names.map(name => `${name}.log`)))
    for (const file of logs) {
      const content = readFileSync(join(site.home, 'logs', file))
      expect(named(file, found(content))).toEqual([])
      for (const line of content.toString().trim().split('\n'))
        expect(() => JSON.parse(line), `${file}: ${line}`).not.toThrow()
    }
    expect(named('progress', found(Buffer.from(site.lines.join('\n'))))).toEqual([])
  })

  it('in the arguments or the environment of a process', () => {
    const pids = processes()
    expect(pids.length).toBeGreaterThan(10)
    for (const pid of pids) {
      for (const part of ['cmdline', 'environ']) {
        let content: Buffer
        try {
          content = readFileSync(`/proc/${pid}/${part}`)
        } catch {
          continue // a worker of PostgreSQL that ended
        }
        expect(named(`${part} of ${pid}`, found(content))).toEqual([])
      }
    }
  })

  it('by the metrics', async () => {
    for (const name of ['services', 'node0', 'node1', 'node2', 'wallet']) {
      const config = JSON.parse(read(`${name}/config.json`))
      const port = config.metrics?.port ?? config.metricsPort
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
      expect(metrics).toMatch(/process_/)
      expect(named(name, found(Buffer.from(metrics)))).toEqual([])
    }
  })

  it('in any file but those that SECURITY.md names, all of them 0600', () => {
    const seen = new Set<Kind>()
    let count = 0
    for (const path of files(site.home)) {
      const where = relative(site.home, path)
      count++
      for (const secret of found(readFileSync(path))) {
        expect(`${where}: ${secret.kind} ${secret.name}`).toBe(
          places[secret.kind].test(where) ? `${where}: ${secret.kind} ${secret.name}` : 'no such secret here',
        )
        expect([where, lstatSync(path).mode & 0o777]).toEqual([where, 0o600])
        seen.add(secret.kind)
      }
    }
    expect(count).toBeGreaterThan(1000)
    expect([...seen].sort()).toEqual((Object.keys(places) as Kind[]).filter(kind => kind !== 'nowhere').sort())
    expect(existsSync(join(site.home, 'wallet/bootstrap-key'))).toBe(false)
  })

  it('to other accounts: no file is more open than 0600, no directory than 0700', () => {
    const open: string[] = []
    const walk = (dir: string) => {
      for (const entry of readdirSync(dir, { withFileTypes: true })) {
        const path = join(dir, entry.name)
        if (entry.isSymbolicLink()) continue
        if (lstatSync(path).mode & 0o077) open.push(relative(site.home, path))
        if (entry.isDirectory()) walk(path)
      }
    }
    walk(site.home)
    expect([lstatSync(site.home).mode & 0o777, open]).toEqual([0o700, []])
  })
})

/** What the software KMS releases to whoever may read its file: locally that is this test too. */
async function releasedSecrets() {
  const { kms, attestation, pcrsOf } = openLocalKms(join(site.home, 'services/kms.json'), [])
  const { deploymentId } = JSON.parse(read('vault.json'))
  return Promise.all(
    [0, 1, 2].map(async index => {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const recipient = await attestation.portFor(pcrsOf(`node${index}`) ?? expect.fail()).attest({
        publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
        nonce: randomBytes(32),
      })
      const ciphertext = new Uint8Array(readFileSync(join(site.home, `node${index}`, 'secret.sealed')))
      const envelope = await kms.decrypt({
        ciphertext,
        encryptionContext: secretContext(deploymentId, index),
        recipient,
      })
      return decodeNodeSecret(openCiphertextForRecipient(envelope, privateKey, NODE_SECRET_LENGTH))
    }),
  )
}

/** The master private key, which exists nowhere in the vault: rebuilt by the ERS key's holder. */
async function rebuilt(backup: Buffer): Promise<void> {
  const file = `${site.home}-backup.bin`
  writeFileSync(file, backup, { mode: 0o600 })
  const tool = fileURLToPath(new URL('../../apps/recovery/src/main.ts', import.meta.url))
  const key = ['--backup', file, '--ers-key', join(site.home, 'sample-ers-key.pem')]
  const { stdout } = await promisify(execFile)(process.execPath, [
    tool,
    'rebuild',
    ...key,
    '--print-private-key',
    '--json',
  ])
  rmSync(file)
  const { privateKey, addresses } = JSON.parse(stdout)
  const { Address } = await site.admin.ok('cwpgetAddressCAIP2', {
    body: { MasterKey: 'main', Account: 'treasury', CAIP2: DEV },
  })
  expect(Object.values(addresses)).toContain(Address)
  bytes('nowhere', 'master private key', Buffer.from(privateKey, 'hex'))
}
