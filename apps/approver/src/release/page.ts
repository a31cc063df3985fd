/** What is known of the files that this App runs from. */
export type ReleaseState =
  | { readonly kind: 'checking' }
  | { readonly kind: 'none'; readonly why: string }
  | {
      readonly kind: 'installed'
      readonly version: string
      readonly hash: string
      readonly label: string
      readonly refusedUpdate?: string
    }
  | { readonly kind: 'refused'; readonly why: string }

export interface Release {
  state(): ReleaseState
  subscribe(listener: () => void): () => void
}

export function watchRelease(): Release {
  const state: ReleaseState = { kind: 'checking' }
  return { state: () => state, subscribe: () => () => {} }
}
