import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseEnvConfig, securityHeaders } from '@trivault/web-config'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { siteBucketName } from '../names.ts'
import type { Step } from '../output.ts'
import { EDGE_REGION, type SiteHeaders } from '../stacks/index.ts'
import { stackStep, tellStacks } from './run-stacks.ts'
import type { DeployedStack } from './toolkit.ts'

export interface PackagedSite {
  readonly site: 'console' | 'approver-app'
  readonly files: Readonly<Record<string, Uint8Array>>
  readonly headers: SiteHeaders
}

/** A web app as generate-fe-env packaged it. Throws DeployerError missing-file, or mismatch when it is made for another API. */
export async function packagedSite(context: Context, site: PackagedSite['site']): Promise<PackagedSite> {
  const { frontendPaths, unzipFiles } = await import('../delivery/frontend.ts')
  const paths = frontendPaths(context.cwd)
  const files = unzipFiles(readFileSync(site === 'console' ? paths.frontend : paths.approver))
  const env = envConfigOf(files['env-config.js'])
  const expected = `https://${context.deployment().hosts.api}`
  if (env.API_URL !== expected)
    throw new DeployerError(
      'mismatch',
      `the web apps are packaged for ${env.API_URL}, this environment's API is ${expected}`,
      'run `make generate-fe-env` again',
    )
  return { site, files, headers: securityHeaders(site === 'console' ? 'console' : 'approver', env) }
}

function envConfigOf(script: Uint8Array | undefined) {
  const text = new TextDecoder().decode(script)
  const json = /^window\.\w+ = ([\s\S]*)$/.exec(text)?.[1]
  try {
    return parseEnvConfig(JSON.parse(json ?? ''))
  } catch (cause) {
    throw new DeployerError(
      'missing-file',
      'env-config.js of the web app is missing or not one',
      'run `make generate-fe-env` again',
      {
        cause,
      },
    )
  }
}

/** Deploys the site's stack, then its files. */
export function siteSteps(context: Context, packaged: PackagedSite, done: DeployedStack[]): Step[] {
  const { site, headers } = packaged
  const title = site === 'console' ? 'Web console' : 'Approver App'
  return [
    stackStep(context, { title, request: { kind: site, headers } }, done),
    ...(context.flags.dryRun ? [] : [{ title: `Files of the ${title}`, run: () => upload(context, packaged) }]),
  ]
}

async function upload(context: Context, { site, files }: PackagedSite): Promise<string> {
  const { account } = await context.caller()
  const { HeadObjectCommand, PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
  const client = context.aws.client(S3Client, EDGE_REGION)
  const Bucket = siteBucketName(context.deployment(), site, account)
  let changed = 0
  // Assets first: whoever loads the new page finds what it names.
  const paths = Object.keys(files).sort((a, b) => Number(isEntry(a)) - Number(isEntry(b)) || (a < b ? -1 : 1))
  for (const Key of paths) {
    const Body = files[Key]
    if (Body === undefined) continue
    const sha256 = createHash('sha256').update(Body).digest('hex')
    const there = await client.send(new HeadObjectCommand({ Bucket, Key })).then(
      head => head.Metadata?.sha256,
      (error: unknown) => {
        if (error instanceof Error && error.name === 'NotFound') return undefined
        throw error
      },
    )
    if (there === sha256) continue
    await client.send(
      new PutObjectCommand({
        Bucket,
        Key,
        Body,
        ContentType: contentType(Key),
        CacheControl: caching(Key),
        Metadata: { sha256 },
      }),
    )
    changed += 1
  }
  if (changed === 0) return 'no changes'
  return `${changed} of ${paths.length} files stored`
}

/** CloudFront and browsers ask for it anew at every visit; the rest has its hash in its name. */
const isEntry = (path: string) => !path.startsWith('assets/')
const caching = (path: string) => (isEntry(path) ? 'no-cache' : 'public, max-age=31536000, immutable')

const contentTypes: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/x-icon',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  map: 'application/json',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  wasm: 'application/wasm',
  webmanifest: 'application/manifest+json',
  woff2: 'font/woff2',
}
const contentType = (path: string) => contentTypes[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream'

export async function deployApproverApp(context: Context): Promise<void> {
  const packaged = await packagedSite(context, 'approver-app')
  const done: DeployedStack[] = []
  await context.out.steps(siteSteps(context, packaged, done))
  tellStacks(context, done, [`the Approver App answers at https://${context.deployment().hosts.approverApp}`])
}
