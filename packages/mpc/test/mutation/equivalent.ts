/** Conditions that no input can make matter, by the names that run.ts prints, with the reason. */
export const EQUIVALENT: readonly { reason: string; names: readonly string[] }[] = [
  {
    reason: 'For the type checker: a length or a round that was checked before makes it impossible.',
    names: [
      'frame.ts readHeader: protocol === undefined',
      'frame.ts readHeader: version === undefined',
      'frame.ts readHeader: round === undefined',
      'frame.ts readHeader: from === undefined',
      'frost/signing.ts sign: joint === undefined',
      'frost/signing.ts sign: nonce === undefined',
      'frost/signing.ts finish: joint === undefined',
      'frost/signing.ts finish: response === undefined',
      'keygen.ts #openingOf: opening === undefined',
      'keygen.ts finish: share === undefined',
      'group.ts interpolateInExponent: point',
      'pair-state.ts claim: this.#material === undefined',
      'keyshare.ts decodeKeyShare: self === undefined',
      'keyshare.ts decodeKeyShare: parties === undefined',
      'keyshare.ts decodeKeyShare: threshold === undefined',
      'keyshare.ts decodeKeyShare: own === undefined',
      'oaep.ts parseRsaPublicKey: modulusLength === undefined',
      'oaep.ts parseRsaPublicKey: publicExponent === undefined',
      'pair-setup.ts answer: answer === undefined',
      'pair-setup.ts turn: extended === undefined',
      'base-ot.ts receive: senderKey === undefined',
      'base-ot.ts receive: shared === undefined',
      'pprf.ts buildTrees: top === undefined',
      'pprf.ts buildTrees: bottom === undefined',
      'pprf.ts puncturedTrees: own === undefined',
      'pprf.ts puncturedTrees: top === undefined',
      'pprf.ts puncturedTrees: bottom === undefined',
      'refresh.ts #openingOf: opening === undefined',
      'refresh.ts finish: next === undefined',
      'signing-run.ts multiply: link.alice === undefined',
      'signing-run.ts finish: this.#final === undefined',
      'signing-run.ts #verifyReply: shares === undefined',
      'signing-run.ts #verifyReply: link.output === undefined',
      'signing-run.ts #link: link === undefined',
    ],
  },
  {
    reason:
      'A hash or a random value would have to be zero, beyond the order, or the logarithm of a hash: below 2^-120.',
    names: [
      'base-ot.ts makeRequests: chosen === undefined',
      'base-ot.ts answerRequest: reply === undefined',
      'base-ot.ts answerRequest: shared0 === undefined',
      'base-ot.ts answerRequest: shared1 === undefined',
      'derive.ts deriveTweak: step === undefined',
      'derive.ts deriveTweak: child === undefined',
      'derive-ed25519.ts deriveEd25519Tweak: child === undefined',
      'frost/signing-key.ts tweakTaproot: secp256k1Group.isScalar(tweak)',
      'frost/signing-key.ts tweakTaproot: publicKey === undefined',
      // The sum of all nonce points: binding factors are hashes of these points.
      'frost/signing.ts T1.2: noncePoint !== undefined',
      'frost/signing.ts commit: hiding === undefined',
      'frost/signing.ts commit: binding === undefined',
      'schnorr.ts verifyProof: right !== undefined',
    ],
  },
  {
    reason: 'A later condition of the same function refuses the same input; this one says so first.',
    names: [
      // Every share was compared with its public share, and the public shares with the key.
      'backup.ts recoverKey: !isSamePoint(group.base(rebuilt), report.publicKey)',
      // No point of 33 bytes begins otherwise.
      'curve.ts isPoint: bytes[0] === 2 || bytes[0] === 3',
      // libsecp256k1's binding refuses other lengths too, as does @noble/curves.
      'curve.ts recoverPublicKey: signature.length === 64',
      'curve.ts recoverPublicKey: digest.length === 32',
      // A threshold of two at least, and not above the parties.
      'keyshare.ts areValidParameters: parties >= 2',
      // No public share has that index.
      'keyshare.ts decodeKeyShare: self < 1',
      'keyshare.ts decodeKeyShare: self > parties',
      // What was refused has no keys in it.
      'base-ot.ts receive: senderKeys instanceof Refused',
      // The report is checked as a whole in the end.
      'keyshare.ts decodeKeyShare: !areValidParameters(parties, threshold)',
      // Zero times G is no public share.
      'keyshare.ts decodeKeyShare: isZero(secret)',
      // A signature with s = 0 does not verify.
      'signing-run.ts S4.2: mod(w) !== 0n',
    ],
  },
]
