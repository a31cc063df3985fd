import { readCustomerConfig } from '../config/customer-config.ts'
import { orThrow } from '../config/index.ts'
import { tenantSetupText } from '../config/tenant-setup.ts'
import { renderSecretsReference } from '../secrets/reference.ts'
import { renderMakefile } from './makefile.ts'
import { renderConfigReference, renderMakefileReference } from './reference.ts'

/**
 * Files of this project that are generated, by their path in it. `node apps/deployer/src/bundle/write.ts` writes them.
 * @param template installer/customer-config.yml
 */
export const generatedFiles = (template: string): Readonly<Record<string, string>> => ({
  'installer/Makefile': renderMakefile(),
  'installer/tenant-setup.json': tenantSetupText(orThrow(readCustomerConfig(template))),
  'docs/guide/customer-config.md': renderConfigReference(),
  'docs/guide/customer-secrets.md': renderSecretsReference(),
  'docs/guide/makefile.md': renderMakefileReference(),
})
