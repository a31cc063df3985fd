// What earlier steps left in the working directory, for the steps that use it. Import it inside of actions: it brings parsers along.
export { readPulledPcrs } from './enclave.ts'
export { frontendPaths, unzipFiles } from './frontend.ts'
export { readServiceImages, type ServiceImages } from './service-images.ts'
