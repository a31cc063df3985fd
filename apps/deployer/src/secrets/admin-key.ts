import { type AdminSigner, adminKeyOfSpki, adminSignatureOfDer, isSignedByAdmin } from '@trivault/protocol'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { NodeIndex } from '../model.ts'
import { adminKeyAlias } from '../names.ts'

/**
 * The key of a node's admin in AWS KMS, which signs for nobody outside the node's account. Throws DeployerError missing-file,
 * aws, untrusted.
 */
export async function openAdminKey(context: Context, node: NodeIndex): Promise<AdminSigner> {
  const sdk = await import('@aws-sdk/client-kms')
  const client = context.aws.client(sdk.KMSClient)
  const alias = adminKeyAlias(context.deployment(), node)
  const asked = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer
    } catch (cause) {
      throw explained(cause, alias, node)
    }
  }
  const { PublicKey } = await asked(client.send(new sdk.GetPublicKeyCommand({ KeyId: alias })))
  const adminKey = parsed(alias, () => adminKeyOfSpki(PublicKey ?? new Uint8Array()))
  return {
    adminKey,
    async sign(digest) {
      const { Signature } = await asked(
        client.send(
          new sdk.SignCommand({
            KeyId: alias,
            Message: digest,
            MessageType: 'DIGEST',
            SigningAlgorithm: 'ECDSA_SHA_256',
          }),
        ),
      )
      const signature = parsed(alias, () => adminSignatureOfDer(Signature ?? new Uint8Array()))
      if (isSignedByAdmin(adminKey, digest, signature)) return signature
      throw new DeployerError(
        'untrusted',
        `${alias} signed with another key than it names`,
        'run it again; if it stays so, see in CloudTrail who moved the alias',
      )
    },
  }
}

function parsed<T>(alias: string, parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'not readable'
    throw new DeployerError(
      'untrusted',
      `${alias}: ${why}`,
      'the alias must stand for the key that the stack made (ECC_NIST_P256, SIGN_VERIFY): see in CloudTrail who moved it',
      { cause },
    )
  }
}

function explained(cause: unknown, alias: string, node: NodeIndex): unknown {
  const name = cause instanceof Error ? cause.name : ''
  if (/^NotFound/.test(name))
    return new DeployerError(
      'missing-file',
      `there is no key ${alias} in this account`,
      `run \`make deploy-policy-node${node}-long-lived\` first`,
      { cause },
    )
  if (/^AccessDenied/.test(name))
    return new DeployerError(
      'aws',
      `${alias} does not sign for you: ${cause instanceof Error ? cause.message : name}`,
      `you need kms:GetPublicKey and kms:Sign on it, in the account of Policy Node ${node}: \`make admin-policy ROLE=policy-node${node}-admin\` prints a policy that suffices`,
      { cause },
    )
  if (/^(Disabled|KMSInvalidState)/.test(name))
    return new DeployerError(
      'aws',
      `${alias} is disabled, or about to be deleted`,
      'enable it, or cancel its deletion, in the KMS console: the node takes orders from no other key',
      { cause },
    )
  return cause
}
