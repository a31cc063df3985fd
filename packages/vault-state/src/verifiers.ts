import { verifyApproval } from './device-signature.ts'
import { signatureFits } from './signing.ts'

/**
 * The signature checks that most entries need. A faster implementation must give the same answer to every input: nodes,
 * wallets and verifiers of exports judge the same entries.
 */
export interface Verifiers {
  approval: typeof verifyApproval
  signature: typeof signatureFits
}

/** In JavaScript, for whoever has nothing faster. */
export const portableVerifiers: Verifiers = { approval: verifyApproval, signature: signatureFits }
