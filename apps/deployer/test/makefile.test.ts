import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { helpText } from '../src/bundle/makefile.ts'
import { Workplace } from './run.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const place = new Workplace('recommended')
const bin = join(place.cwd, 'bin')

/** A program of the host that writes down what it was called with. */
function script(name: string, body: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`)
  chmodSync(join(bin, name), 0o755)
}

beforeAll(() => {
  mkdirSync(bin)
  mkdirSync(join(place.cwd, 'scripts'))
  symlinkSync(join(root, 'tools/bin/trivault-deployer.mjs'), join(bin, 'trivault-deployer'))
  copyFileSync(join(root, 'installer/Makefile'), place.path('Makefile'))
  script('docker', `printf '%s\\n' "$@" > "$PWD/docker.args"; env > "$PWD/docker.env"; [ "$1" != image ]`)
  script(
    'aws',
    `case "$*" in *export-credentials*) printf 'export AWS_ACCESS_KEY_ID=AKIDOFPROFILE\\nexport AWS_SECRET_ACCESS_KEY=secret-of-%s\\n' "$AWS_PROFILE";; *) echo aws-cli/2.31.0;; esac`,
  )
  writeFileSync(
    place.path('scripts/verify-release.sh'),
    'echo registry.example.com/trivault/wallet-deployer@sha256:abc\n',
  )
})
afterAll(() => place.remove())

function make(args: readonly string[], environment: Record<string, string | undefined> = {}) {
  const { status, stdout, stderr } = spawnSync('make', ['-C', place.cwd, ...args], {
    encoding: 'utf8',
    env: { PATH: `${bin}:${process.env.PATH}`, HOME: place.cwd, ...place.variables, ...environment },
  })
  return { status, stdout: stdout.replace(/^make: .*\n/gm, ''), stderr }
}
const local = { DEPLOYER: 'local' }

describe('make with DEPLOYER=local', () => {
  it('prints help from the table, as the first target', () => {
    expect(make([], local)).toMatchObject({ status: 0, stdout: `${helpText()}\n` })
  })

  it('goes from customer-config.yml to conf files', () => {
    for (const target of ['generate-customer-assets', 'generate-conf-files'])
      expect(make([target], local)).toMatchObject({ status: 0, stderr: '' })
    expect(JSON.parse(place.read('conf/wallet.json'))).toMatchObject({
      publicUrl: 'https://api.testnet.wallet.example.com',
    })
  })

  it('hands on ARGS', () => {
    const { stdout } = make(['oidc-urls', 'ARGS=--json'], local)
    expect(JSON.parse(stdout)).toHaveProperty('clients')
  })

  it('names an unset variable, and takes a default that was edited in the Makefile unless the environment says otherwise', () => {
    const unset = make(['generate-conf-files'], { ...local, NAMESPACE: undefined })
    expect(unset.status).toBe(2)
    expect(unset.stderr).toContain('NAMESPACE is not set')
    expect(unset.stderr).toContain('export NAMESPACE=acme-custody')
    place.write('Makefile', place.read('Makefile').replace(/^NAMESPACE( +)\?=$/m, 'NAMESPACE$1?= acme-custody'))
    expect(make(['generate-conf-files'], { ...local, NAMESPACE: undefined }).status).toBe(0)
    expect(make(['generate-conf-files'], { ...local, NAMESPACE: 'other' }).stderr).toContain('NAMESPACE=other, but')
  })

  it('refuses a DEPLOYER that is neither', () => {
    expect(make(['status'], { DEPLOYER: 'podman' }).stderr).toContain('DEPLOYER is container or local, not podman')
  })
})

describe('make with the container', () => {
  const secrets = { AWS_SECRET_ACCESS_KEY: 'very-secret', WALLET_API_KEY: 'cwp_secret', AWS_ACCESS_KEY_ID: 'AKID' }
  const called = () => ({
    args: readFileSync(place.path('docker.args'), 'utf8').trim().split('\n'),
    env: readFileSync(place.path('docker.env'), 'utf8'),
  })

  it('runs the verified digest, hands variables over by name, and has no secret in its arguments', () => {
    expect(
      make(['bootstrap-policies-and-users', 'ARGS=--yes'], { ...secrets, TENANT_SETUP_JSON: '/elsewhere/setup.json' })
        .status,
    ).toBe(0)
    const { args, env } = called()
    expect(args.slice(-3)).toEqual([
      'registry.example.com/trivault/wallet-deployer@sha256:abc',
      'bootstrap-policies-and-users',
      '--yes',
    ])
    expect(args).toEqual(
      expect.arrayContaining(['--read-only', '--cap-drop', 'WALLET_API_KEY', 'AWS_SECRET_ACCESS_KEY', 'NAMESPACE']),
    )
    expect(args).toContain(`${place.cwd}:/work`)
    expect(args).toContain('/elsewhere/setup.json:/elsewhere/setup.json:ro')
    expect(args.join(' ')).not.toMatch(/very-secret|cwp_secret/)
    expect(env).toContain('AWS_SECRET_ACCESS_KEY=very-secret')
  })

  it('gives an SSO profile to the container as short-lived credentials', () => {
    expect(make(['whoami'], { AWS_PROFILE: 'acme', LOCAL_AWS_PROFILE_MODE: 'true' }).status).toBe(0)
    const { args, env } = called()
    expect(env).toContain('AWS_SECRET_ACCESS_KEY=secret-of-acme')
    expect(args.join(' ')).not.toContain('secret-of-acme')
    expect(args).not.toContain('AWS_PROFILE')
  })

  it('tells preflight what the host has', () => {
    expect(make(['preflight'], secrets).status).toBe(0)
    expect(called().env).toMatch(/TRIVAULT_HOST_TOOLS=make=GNU Make [\d.]+\naws=aws-cli\/2\.31\.0\n/)
  })

  it('names a program of the host that is missing', () => {
    const { stderr } = make(['status', 'PATH=/nowhere'], secrets)
    expect(stderr).toContain('docker: is not installed')
  })

  it('starts nothing that verify-release refuses', () => {
    writeFileSync(place.path('docker.args'), '')
    writeFileSync(place.path('scripts/verify-release.sh'), 'echo "not signed" >&2; exit 3\n')
    for (const target of ['status', 'pull-deployer', 'verify-deployer'])
      expect(make([target], secrets).stderr).toContain('not signed')
    expect(called().args).toEqual([''])
  })
})
