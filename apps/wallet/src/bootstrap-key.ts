import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import type { WalletConfig } from './config.ts'

/** Keeps the bootstrap Admin key where the configuration says. Rejects when it is not kept. */
export async function keepBootstrapKey(place: WalletConfig['bootstrapKey'], key: string): Promise<void> {
  if ('secretId' in place) return keepInSecretsManager(place.secretId, key)
  if (existsSync(place.file)) chmodSync(place.file, 0o600)
  writeFileSync(place.file, `${key}\n`, { mode: 0o600 })
}

/** With the credentials of the task's own role, which may write this one secret. */
async function keepInSecretsManager(secretId: string, key: string): Promise<void> {
  const { SecretsManagerClient, PutSecretValueCommand, CreateSecretCommand, ResourceNotFoundException } = await import(
    '@aws-sdk/client-secrets-manager'
  )
  const client = new SecretsManagerClient({})
  try {
    await client.send(new PutSecretValueCommand({ SecretId: secretId, SecretString: key }))
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error
    const Description = 'Bootstrap Admin API key, made by the wallet at its first start'
    await client.send(new CreateSecretCommand({ Name: secretId, SecretString: key, Description }))
  } finally {
    client.destroy()
  }
}
