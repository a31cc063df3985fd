/** A browser that keeps cookies, signs in at the local identity provider's form, and follows the way back to the client. */
export async function signInAt(start: string, username: string, password: string): Promise<void> {
  const cookies = new Map<string, string>()
  let url = new URL(start)
  let form: Record<string, string> | undefined
  for (let step = 0; step < 20; step++) {
    const response: Response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    const text = await response.text()
    const location = response.headers.get('location')
    const action = /action="([^"]+)"/.exec(text)?.[1]
    if (location !== null) {
      url = new URL(location, url)
      form = undefined
    } else if (action !== undefined && form === undefined) {
      url = new URL(action, url)
      form = { username, password }
    } else if (response.ok && url.pathname === '/callback') return
    else throw new Error(`the sign-in ended at ${url.pathname}: ${response.status} ${text.slice(0, 300)}`)
  }
  throw new Error('the sign-in goes in circles')
}
