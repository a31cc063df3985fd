import type { ExactResponseOf } from '@trivault/api-contract'
import type { VaultState } from '@trivault/vault-state'

/** What clients are told about this wallet and its identity provider. */
export interface PublicConfig {
  /** OIDC issuer. */
  issuer: string
  /** `aud` that the wallet's bearer tokens must carry. */
  audience: string
  /** Address of this API as clients reach it. */
  publicUrl: string
  instanceName: string
  approverClientId: string
  webClientId: string
  /** `on-prem`: the local profile. */
  mode: 'on-prem' | 'on-cloud'
}

export function configOf(config: PublicConfig, version: string): ExactResponseOf<'viewConfig'> {
  return {
    RedirectLink: config.publicUrl,
    InstanceName: config.instanceName,
    Mode: config.mode,
    HostURL: config.publicUrl,
    OAuthAudience: config.audience,
    OAuthDomain: config.issuer,
    OAuthClientIdApproverApp: config.approverClientId,
    OAuthClientIdWebApp: config.webClientId,
    Version: version,
  }
}

/** `IsTestnet`: no registered chain is a main network. */
export function tenantConfigOf(state: VaultState): ExactResponseOf<'viewTenantConfig'> {
  return {
    TenantId: 'default',
    Feature: { StakeEth: false, CwpWsEvents: true, BlockExplorer: false, ColdStorage: false },
    IsTestnet: state.chains.values().every(chain => chain.testNetwork),
    MasterKeyBackupPerformed: state.operations
      .values()
      .some(({ type, phase }) => type === 'backup master key' && phase === 'succeeded'),
  }
}
