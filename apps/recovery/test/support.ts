import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { createKeygen, encryptBackup, type KeyShare } from '@trivault/mpc'
import { type BackupFile, backupContext, type Curve, sha256 } from '@trivault/protocol'

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))

/** Three shares of one key, made jointly. */
function generate(curve: KeyShare['curve']): KeyShare[] {
  const sessionId = random(32)
  const sessions = [1, 2, 3].map(self => createKeygen({ curve, self, parties: 3, threshold: 3, sessionId, random }))
  const shares: KeyShare[] = []
  const queue: { from: number; to: number; frame: Uint8Array }[] = []
  const take = (from: number, step: ReturnType<(typeof sessions)[number]['start']>): void => {
    if (step.failure !== undefined) throw new Error(`key generation failed at ${step.failure.check}`)
    if (step.result !== undefined) shares[from - 1] = step.result
    queue.push(...step.out.map(({ to, frame }) => ({ from, to, frame })))
  }
  for (const [i, session] of sessions.entries()) take(i + 1, session.start())
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const session = sessions[next.to - 1]
    if (session !== undefined) take(next.to, session.receive(next.from, next.frame))
  }
  return shares
}

export interface Sample {
  file: BackupFile
  shares: readonly KeyShare[]
  ers: KeyObject
  ersPem: string
}

/** A key of three nodes and its backup to a new ERS key, as the nodes make it. */
export function sampleBackup(curve: Curve = 'ECDSA_SECP256K1'): Sample {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
  const ersPublicKey = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))
  const shares = generate(curve === 'ECDSA_SECP256K1' ? 'secp256k1' : 'ed25519')
  const [first] = shares
  if (first === undefined || shares.length !== 3) throw new Error('three shares expected')
  const { transcriptHash, chainCode } = first
  const name = { vaultId: random(32), masterKey: 'Default', keyId: random(32), transcriptHash, chainCode }
  const blobs = shares.map((share, node) =>
    encryptBackup(share, { ersPublicKey, context: backupContext({ ...name, node }), random }),
  )
  const { publicKey: point, publicShares } = first
  const file: BackupFile = {
    version: 1,
    ...name,
    curve,
    ersFingerprint: sha256(ersPublicKey),
    publicKey: point,
    publicShares: [...publicShares],
    blobs,
  }
  return { file, shares, ers: privateKey, ersPem: String(privateKey.export({ format: 'pem', type: 'pkcs8' })) }
}
