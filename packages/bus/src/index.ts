export { type Bus, type BusOptions, type BusStatus, connectBus } from './bus.ts'
export {
  type BusRoot,
  type CertificatePair,
  type CertificateSubject,
  certificateEnd,
  certificateIsUsable,
  createBusRoot,
  openBusRoot,
} from './certificates.ts'
export { BusError, type BusErrorCode } from './errors.ts'
export type { PartyName } from './names.ts'
export { type Credentials, ensurePki, type Pki, type PkiOptions } from './pki.ts'
export { MAX_PAYLOAD, type ServerConfigOptions, serverConfig } from './server-config.ts'
