import type { EnvConfig } from '@trivault/web-config'
import { type ExtraSigninRequestArgs, type User, UserManager, WebStorageStateStore } from 'oidc-client-ts'

/** `loading` until the tab's own store was read; `expired` the token is no longer taken. */
export type SessionState = 'loading' | 'signed-out' | 'signed-in' | 'expired'

export interface SessionView {
  readonly state: SessionState
  /** E-mail address as the identity provider tells it; for display. */
  readonly email: string | undefined
  readonly name: string | undefined
}

/** What a finished sign-in brings back. */
export interface Completed {
  /** Path on which the sign-in was started. */
  readonly returnTo: string
  readonly idToken: string | undefined
}

/**
 * Sign-in by OIDC authorization code with PKCE. Tokens live in this tab's session storage: they survive a reload and end with
 * the tab. There are no refresh tokens: when one expires the person signs in again.
 */
export class Session {
  readonly #manager: UserManager
  readonly #listeners = new Set<() => void>()
  #user: User | undefined
  #view: SessionView = { state: 'loading', email: undefined, name: undefined }

  constructor(env: EnvConfig, clientId: string, origin: string = window.location.origin) {
    this.#manager = new UserManager({
      authority: env.ISSUER,
      client_id: clientId,
      redirect_uri: `${origin}/callback`,
      post_logout_redirect_uri: `${origin}/`,
      response_type: 'code',
      scope: 'openid email profile',
      extraQueryParams: { audience: env.AUDIENCE },
      loadUserInfo: false,
      automaticSilentRenew: false,
      monitorSession: false,
      userStore: new WebStorageStateStore({ store: window.sessionStorage, prefix: 'trivault.' }),
      stateStore: new WebStorageStateStore({ store: window.sessionStorage, prefix: 'trivault.state.' }),
    })
    this.#manager.events.addAccessTokenExpired(() => this.expire())
  }

  /** Reads what this tab has kept. */
  async open(): Promise<void> {
    this.#take((await this.#manager.getUser()) ?? undefined)
  }

  /** Leaves the page for the identity provider; comes back to `/callback`, and then to `returnTo`. */
  async signIn(returnTo: string, extra: ExtraSigninRequestArgs = {}): Promise<void> {
    await this.#manager.signinRedirect({ state: returnTo, ...extra })
  }

  /** On `/callback`: ends a sign-in. Throws when the identity provider refused or the answer is not to our question. */
  async complete(): Promise<Completed> {
    const user = await this.#manager.signinRedirectCallback()
    this.#take(user)
    const returnTo = typeof user.state === 'string' && /^\/(?!\/)/.test(user.state) ? user.state : '/'
    return { returnTo, idToken: user.id_token }
  }

  /** Forgets the tokens and ends the session at the identity provider, if it can do so. */
  async signOut(): Promise<void> {
    await this.#manager.signoutRedirect().catch(async () => {
      await this.#manager.removeUser()
      this.#take(undefined)
    })
  }

  /** The API did not take the token, or its time is over. */
  expire(): void {
    if (this.#view.state !== 'signed-in') return
    this.#set({ ...this.#view, state: 'expired' })
  }

  /** The access token; empty when there is none, which the API answers with 401. */
  token(): string {
    return this.#user?.access_token ?? ''
  }

  readonly view = (): SessionView => this.#view

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #take(user: User | undefined): void {
    this.#user = user
    const { email, name } = user?.profile ?? {}
    const state = user === undefined ? 'signed-out' : user.expired ? 'expired' : 'signed-in'
    this.#set({ state, email, name })
  }

  #set(view: SessionView): void {
    this.#view = view
    for (const listener of this.#listeners) listener()
  }
}
