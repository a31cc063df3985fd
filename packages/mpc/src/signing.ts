import { MpcError } from './errors.ts'
import { PROTOCOL, TAG_LENGTH } from './frame.ts'
import { KeyShare } from './keyshare.ts'
import { OtPair } from './pair-state.ts'
import { RoundSession, type Session } from './session.ts'
import { type Signature, type SigningOptions, signingLayouts } from './signing-messages.ts'
import { Signing } from './signing-run.ts'

/**
 * DKLs23 signing (eprint 2023/765, protocol 3.6) with an echo round between its first and second round: commit, echo,
 * multiply, combine (SPEC.md section 7). Any failure destroys the OT state with every suspect.
 * @throws MpcError `invalid-argument`, `derivation`, `pair-destroyed`, `session-reused`
 */
export const createSigning = (options: SigningOptions): Session<Signature> => {
  const { self, signers, share, pairs, digest, sessionId } = options
  const ascending = signers.every((index, i) => Number.isInteger(index) && index > (signers[i - 1] ?? 0))
  if (!ascending || (signers.at(-1) ?? 0) > share.parties || signers.length < share.threshold) {
    throw new MpcError('invalid-argument', 'signers must be ascending party indexes, at least as many as the threshold')
  }
  if (share.self !== self || !signers.includes(self) || share.curve !== 'secp256k1') {
    throw new MpcError('invalid-argument', 'the key share is not this signer’s, or on another curve')
  }
  if (digest.length !== 32 || sessionId.length !== 32) {
    throw new MpcError('invalid-argument', 'digest and session id must be 32 bytes')
  }
  const peers = signers.filter(index => index !== self)
  const states = new Map<number, OtPair>()
  for (const peer of peers) {
    const pair = pairs.get(peer)
    if (!(pair instanceof OtPair) || pair.self !== self || pair.peer !== peer) {
      throw new MpcError('invalid-argument', `no pair state for party ${peer}`)
    }
    if (!pair.usable) throw new MpcError('pair-destroyed', `the OT state with party ${peer} is gone`)
    states.set(peer, pair)
  }
  const derived = KeyShare.derivedOf(share, options.path)
  const claims = new Map([...states].map(([peer, pair]) => [peer, { pair, material: pair.claim(sessionId) }]))
  const layouts = signingLayouts(signers.length)
  const run = new Signing(options, layouts, derived, claims)
  return new RoundSession<Signature>({
    protocol: PROTOCOL.signing,
    self,
    peers,
    tag: run.session.slice(0, TAG_LENGTH),
    begin: () => run.commit(),
    rounds: [
      { bodyLength: layouts.commit.length, complete: bodies => run.echo(bodies) },
      { bodyLength: layouts.echo.length, complete: bodies => run.multiply(bodies) },
      { bodyLength: layouts.multiply.length, complete: bodies => run.combine(bodies) },
      { bodyLength: layouts.combine.length, complete: bodies => run.finish(bodies) },
    ],
    close: failure => {
      run.erase()
      for (const suspect of failure?.suspects ?? []) states.get(suspect)?.destroy()
    },
  })
}
