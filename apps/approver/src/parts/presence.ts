const storageKey = 'trivault.presence'

/** Is this device's own lock (fingerprint, face, PIN) to be asked for before an approval? */
export const presenceWanted = (): boolean => localStorage.getItem(storageKey) !== null

/** Can this device do so? Passkeys belong to a domain name: there are none where the App is served by an IP address. */
export async function presencePossible(): Promise<boolean> {
  return (
    /[a-z]/i.test(window.location.hostname) &&
    'PublicKeyCredential' in window &&
    (await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().catch(() => false))
  )
}

/** Makes a platform passkey whose only use is that the person is there. */
export async function wantPresence(userId: string): Promise<void> {
  const credential = await navigator.credentials.create({
    publicKey: {
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      rp: { name: 'Trivault Approver' },
      user: { id: crypto.getRandomValues(new Uint8Array(16)), name: userId, displayName: userId },
      pubKeyCredParams: [
        { type: 'public-key', alg: -7 },
        { type: 'public-key', alg: -257 },
      ],
      authenticatorSelection: { authenticatorAttachment: 'platform', userVerification: 'required' },
    },
  })
  if (!(credential instanceof PublicKeyCredential)) throw new Error('this device made no passkey')
  localStorage.setItem(storageKey, credential.id)
}

export const forgetPresence = (): void => localStorage.removeItem(storageKey)

/** Resolves once the person has shown to be there, if that is wanted. Guards an unlocked device in foreign hands, not its code. */
export async function askForPresence(): Promise<void> {
  const id = localStorage.getItem(storageKey)
  if (id === null) return
  const bytes = Uint8Array.from(atob(id.replaceAll('-', '+').replaceAll('_', '/')), letter => letter.charCodeAt(0))
  const shown = await navigator.credentials
    .get({
      publicKey: {
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        allowCredentials: [{ type: 'public-key', id: bytes }],
        userVerification: 'required',
      },
    })
    .catch(() => null)
  if (shown === null)
    throw Object.assign(new Error('nothing was approved: this device did not recognise you'), {
      remedy: 'try again with your fingerprint, face or PIN',
    })
}
