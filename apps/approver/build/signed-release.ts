import type { Plugin } from 'vite'

export function signedRelease(): Plugin {
  return { name: 'trivault-signed-release', apply: 'build' }
}
