export { type EnvConfig, EnvConfigError, parseEnvConfig, readEnvConfig, renderEnvConfig } from './env-config.ts'
export { securityHeaders, type WebApp } from './headers.ts'
export { pairingLink } from './pairing-link.ts'
