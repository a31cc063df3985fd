export type { OidcConfig } from './auth.ts'
export { createLog } from './log.ts'
export { createMetricsHttp } from './metrics.ts'
export { correlationHeader, createHttp, type HttpOptions } from './server.ts'
