export { buildApp, everyStack, type ReleaseInputs } from './app.ts'
export * from './inputs.ts'
export { HOST_IMAGE_PARAMETER } from './nitro-nodes.ts'
export { COUNT_PARAMETER, HEALTH_PATH } from './wallet.ts'
