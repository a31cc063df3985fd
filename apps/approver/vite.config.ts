import { fileURLToPath } from 'node:url'
import { routeTable } from '@trivault/ui/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { signedRelease } from './build/signed-release.ts'

/** The trusted packages hash and verify through node:crypto; in the browser through noble. */
const alias = { 'node:crypto': fileURLToPath(new URL('src/platform/node-crypto.ts', import.meta.url)) }

// env-config.js lies beside index.html where the App is served; it is no part of the build.
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), routeTable(), signedRelease()],
  resolve: { alias },
  worker: { format: 'es', plugins: () => [routeTable()] },
  build: {
    target: 'es2023',
    outDir: 'dist',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    // The device's worker is one file: the trusted decoder, the log and the curves.
    chunkSizeWarningLimit: 700,
  },
})
