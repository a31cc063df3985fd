import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// env-config.js lies beside index.html where the console is served; it is no part of the build.
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: { target: 'es2023', outDir: 'dist', emptyOutDir: true, modulePreload: { polyfill: false } },
})
