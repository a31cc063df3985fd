import type { EnvConfig } from './env-config.ts'

/** `console` or `approver`; only the Approver App may use the camera (QR codes) and a platform passkey. */
export type WebApp = 'console' | 'approver'

/**
 * Headers of every file of a web app: no code and no style from elsewhere, connections to API and identity provider only,
 * never in a frame. Inline styles are allowed, because the component library positions with them; scripts never.
 */
export function securityHeaders(app: WebApp, env: Pick<EnvConfig, 'API_URL' | 'ISSUER'>): Record<string, string> {
  const events = env.API_URL.replace(/^http/, 'ws')
  const policy = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self' 'unsafe-inline'",
    'img-src': "'self' data: blob:",
    'font-src': "'self'",
    'connect-src': `'self' ${env.API_URL} ${events} ${new URL(env.ISSUER).origin}`,
    'worker-src': "'self'",
    'manifest-src': "'self'",
    'media-src': "'self' blob:",
    'frame-ancestors': "'none'",
    'base-uri': "'none'",
    'form-action': "'none'",
  }
  const secure = env.API_URL.startsWith('https:')
  return {
    'content-security-policy': Object.entries(policy)
      .map(([name, value]) => `${name} ${value}`)
      .join('; '),
    'permissions-policy':
      app === 'approver'
        ? 'camera=(self), publickey-credentials-get=(self), publickey-credentials-create=(self), geolocation=(), microphone=()'
        : 'camera=(), geolocation=(), microphone=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    ...(secure && { 'strict-transport-security': 'max-age=63072000; includeSubDomains' }),
  }
}
