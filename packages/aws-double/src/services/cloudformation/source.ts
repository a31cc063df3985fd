import { authorize, type Call, through } from '../../call.ts'
import { AwsError } from '../../errors.ts'

/** Bucket and key of a template's address, path style or virtual host style. */
function parseUrl(url: string): { readonly bucket: string; readonly key: string } | undefined {
  const { hostname, pathname } = new URL(url)
  const path = decodeURIComponent(pathname.slice(1))
  const virtual = /^([a-z0-9.-]+)\.s3[.-][a-z0-9.-]*amazonaws\.com$/.exec(hostname)?.[1]
  if (virtual) return { bucket: virtual, key: path }
  const [, bucket, key] = /^([^/]+)\/(.+)$/s.exec(path) ?? []
  return bucket && key && /^s3[.-][a-z0-9.-]*amazonaws\.com$/.test(hostname) ? { bucket, key } : undefined
}

/** Reads a template from S3 in the caller's name. @throws AwsError */
export function readTemplateUrl(call: Call, url: string): string {
  const address = URL.canParse(url) ? parseUrl(url) : undefined
  if (!address) throw new AwsError('ValidationError', 'TemplateURL must be a supported URL.')
  const bucket = call.world.s3.buckets.get(address.bucket)
  const own = through(call, 'cloudformation')
  authorize(own, {
    action: 's3:GetObject',
    resource: `arn:aws:s3:::${address.bucket}/${address.key}`,
    resourceAccount: bucket?.account ?? call.account,
    policy: bucket?.policy?.policy,
  })
  const body = bucket?.objects.get(address.key)?.[0]?.body
  if (!body) throw new AwsError('ValidationError', `S3 error: there is no template at ${url}`)
  return new TextDecoder().decode(body)
}
