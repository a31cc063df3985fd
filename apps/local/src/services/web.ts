import type { IncomingMessage, ServerResponse } from 'node:http'
import { type EnvConfig, renderEnvConfig, securityHeaders, type WebApp } from '@trivault/web-config'
import sirv from 'sirv'

export type WebSite = {
  readonly app: WebApp
  readonly port: number
  /** Directory of the built files. */
  readonly directory: string
}

/** Serves one web app as its CDN does: env-config.js of this installation, the files, index.html for every other path. */
export function createWeb(
  site: Pick<WebSite, 'app' | 'directory'>,
  env: EnvConfig,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const headers = securityHeaders(site.app, env)
  const script = renderEnvConfig(env)
  const files = sirv(site.directory, {
    // A rebuild replaces the directory while it is served.
    dev: true,
    single: true,
    setHeaders: (response, path) => {
      response.setHeader(
        'cache-control',
        path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      )
    },
  })
  return async (request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    if (request.url?.split('?')[0] === '/env-config.js') {
      response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-cache' })
      response.end(script)
      return
    }
    files(request, response, () => {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
      response.end('not built yet; try again in a moment\n')
    })
  }
}
