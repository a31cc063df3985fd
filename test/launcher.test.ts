import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

// The launcher is plain JavaScript without types: it runs before anything is installed.
const lib = (name: string) => import(new URL(`../tools/lib/${name}.mjs`, import.meta.url).href)
const launcher = fileURLToPath(new URL('../tools/launch.mjs', import.meta.url))
const dirs: string[] = []
const tempDir = () => {
  const dir = mkdtempSync(join(tmpdir(), 'trivault-launch-'))
  dirs.push(dir)
  return dir
}
afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
})

describe.each(['nats-server', 'chromium'])('a missing %s', async name => {
  const { ensureProgram } = await lib('programs')
  type Situation = {
    root?: boolean
    sudo?: 'password' | 'free'
    known?: boolean
    stale?: boolean
    natsUrl?: string
    have?: boolean
  }

  const attempt = async (situation: Situation, install = true) => {
    const commands: string[] = []
    const said: string[] = []
    let present = situation.have ?? false
    let fresh = !situation.stale
    const on = {
      isRoot: situation.root ?? false,
      env: { NATS_URL: situation.natsUrl },
      say: (line: string) => said.push(line),
      find: (program: string) =>
        program === name
          ? present
            ? `/usr/bin/${name}`
            : undefined
          : program === 'sudo' && !situation.sudo
            ? undefined
            : `/usr/bin/${program}`,
      run: async (command: string, args: string[]) => {
        const line = [command, ...args].join(' ')
        commands.push(line)
        if (line.endsWith('-n true')) return { code: situation.sudo === 'free' ? 0 : 1 }
        if (line.startsWith('apt-cache')) return { code: situation.known ? 0 : 100 }
        if (line.endsWith(' update')) fresh = true
        if (line.endsWith(` ${name}`)) present = fresh
        return { code: line.endsWith(` ${name}`) && !fresh ? 100 : 0 }
      },
    }
    const outcome = await ensureProgram(name, { install }, on).then(
      () => 'ok',
      (error: Error) => error.message,
    )
    const apt = commands
      .filter(line => line.includes('apt-get'))
      .map(line => line.replace(/ -q -o \S+/, '').replace('env DEBIAN_FRONTEND=noninteractive ', ''))
    return { outcome, apt, said }
  }

  it('is installed as root or with passwordless sudo, after saying what and why', async () => {
    const asRoot = await attempt({ root: true, known: true })
    expect(asRoot).toMatchObject({ outcome: 'ok', apt: [`apt-get install -y --no-install-recommends ${name}`] })
    expect(asRoot.said.join()).toMatch(new RegExp(`missing.*apt-get install -y ${name}`))
    const withSudo = await attempt({ sudo: 'free', known: true })
    expect(withSudo).toMatchObject({
      outcome: 'ok',
      apt: [`/usr/bin/sudo -n apt-get install -y --no-install-recommends ${name}`],
    })
  })

  it('is installed after a refresh where the package lists are absent or stale', async () => {
    const absent = await attempt({ root: true })
    expect(absent.apt.map(line => line.split(' ')[1])).toEqual(['update', 'install'])
    const stale = await attempt({ root: true, known: true, stale: true })
    expect(stale.apt.map(line => line.split(' ')[1])).toEqual(['install', 'update', 'install'])
    expect([absent.outcome, stale.outcome]).toEqual(['ok', 'ok'])
  })

  it('is nobody’s business when it is there, or a broker when NATS_URL names another', async () => {
    expect(await attempt({ have: true })).toEqual({ outcome: 'ok', apt: [], said: [] })
    const elsewhere = await attempt({ natsUrl: 'tls://127.0.0.1:4222' })
    if (name === 'nats-server') expect(elsewhere).toEqual({ outcome: 'ok', apt: [], said: [] })
    else expect(elsewhere.outcome).toMatch(/chromium is missing/)
  })

  it('is only named, in one line, with --no-install and where nobody can become root', async () => {
    for (const result of [
      await attempt({ root: true }, false),
      await attempt({}),
      await attempt({ sudo: 'password' }),
    ]) {
      expect(result.outcome).toMatch(new RegExp(`^${name} is missing.*apt-get install -y ${name}`))
      expect(result.outcome).not.toContain('\n')
      expect(result.apt).toEqual([])
    }
  })
})

describe('the launcher', () => {
  const launch = (cwd: string, ...args: string[]) =>
    spawnSync(process.execPath, [join(cwd, 'tools/launch.mjs'), ...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    })

  it('rejects an unknown command in one line', () => {
    const { status, stderr } = spawnSync(process.execPath, [launcher, 'dance'], { encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/usage: .*start\|reset/)])
  })

  /** A checkout in miniature, installed, whose reset command is `script`. */
  const checkout = (script: string) => {
    const dir = tempDir()
    cpSync(fileURLToPath(new URL('../tools', import.meta.url)), join(dir, 'tools'), { recursive: true })
    const { version } = JSON.parse(readFileSync(join(dir, 'tools/runtime.json'), 'utf8')) as { version: string }
    mkdirSync(join(dir, `.runtime/node-${version}/bin`), { recursive: true })
    writeFileSync(join(dir, `.runtime/node-${version}/bin/node`), `#!/bin/sh\nexec ${process.execPath} "$@"\n`, {
      mode: 0o755,
    })
    mkdirSync(join(dir, 'node_modules'))
    const lock = JSON.stringify({
      packages: {
        'node_modules/a': { version: '1.0.0' },
        'node_modules/b': { version: '1.0.0', optional: true, os: ['darwin'] },
      },
    })
    writeFileSync(join(dir, 'package-lock.json'), lock)
    writeFileSync(
      join(dir, 'node_modules/.package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0' } } }),
    )
    mkdirSync(join(dir, 'apps/local/src'), { recursive: true })
    writeFileSync(join(dir, 'apps/local/src/main.ts'), script)
    return dir
  }

  it('passes arguments, exit code and signals on, and installs nothing that is there', () => {
    const dir = checkout('console.log(process.argv.slice(2).join()); process.exit(7)')
    expect(launch(dir, 'reset', '--flag', '--no-install')).toMatchObject({
      status: 7,
      stdout: 'reset,--flag\n',
      stderr: '',
    })
    const killed = checkout(`process.kill(process.ppid, 'SIGTERM'); setTimeout(() => undefined, 5000)`)
    expect(launch(killed, 'reset').status).toBe(128 + 15)
  })

  it('takes over the lock of a launch that died', () => {
    const dir = checkout('console.log("ran")')
    writeFileSync(join(dir, '.runtime/launch.lock'), '4194305\n')
    expect(launch(dir, 'reset').stdout).toBe('ran\n')
  })

  it('notices a package that package-lock.json changed', async () => {
    const dir = checkout('')
    const { mismatch } = await lib('dependencies')
    expect(mismatch(dir)).toBeUndefined()
    writeFileSync(
      join(dir, 'package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.1' } } }),
    )
    expect(mismatch(dir)).toBe('node_modules/a changed')
    writeFileSync(
      join(dir, 'package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/c': { version: '1.0.0' } } }),
    )
    expect(mismatch(dir)).toBe('node_modules/c is missing')
    rmSync(join(dir, 'node_modules/.package-lock.json'))
    expect(mismatch(dir)).toBe('not installed yet')
  })
})
