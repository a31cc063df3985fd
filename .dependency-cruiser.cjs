// Arrows go down only: the trusted base never imports adapters, and only the layer above may use the layer below.
const trusted = {
  codec: [],
  protocol: ['codec'],
  ledger: ['codec'],
  policy: ['codec', 'protocol'],
  chains: ['codec', 'protocol'],
  mpc: ['codec'],
  attestation: ['codec'],
  'vault-state': ['codec', 'protocol', 'policy', 'chains'],
  'node-core': ['codec', 'protocol', 'ledger', 'policy', 'chains', 'mpc', 'attestation', 'vault-state'],
}
const trustedPath = `^packages/(${Object.keys(trusted).join('|')})/src/`
const testFile = '\\.test\\.ts$'

module.exports = {
  forbidden: [
    ...Object.entries(trusted).map(([name, allowed]) => ({
      name: `${name}-imports-down-only`,
      severity: 'error',
      from: { path: `^packages/${name}/src/`, pathNot: testFile },
      to: { path: '^(packages|apps)/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
    })),
    {
      name: 'trusted-base-has-no-framework',
      comment: 'Few pinned dependencies: noble, scure, native curves, and parsers of attestation formats.',
      severity: 'error',
      from: { path: trustedPath, pathNot: testFile },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer'],
        pathNot: 'node_modules/(@noble|@scure|secp256k1|sodium-native|cbor-x|@peculiar/x509|asn1js)/',
      },
    },
    { name: 'packages-never-import-apps', severity: 'error', from: { path: '^packages/' }, to: { path: '^apps/' } },
    {
      name: 'public-face-only',
      comment:
        'A package is used through its src/index.ts; in tests also through the contracts in src/testing/index.ts.',
      severity: 'error',
      from: { path: '^(packages|apps)/([^/]+)/', pathNot: testFile },
      to: { path: '^packages/[^/]+/src/', pathNot: ['^packages/[^/]+/src/index\\.ts$', '^packages/$2/'] },
    },
    {
      name: 'public-face-only-tests',
      severity: 'error',
      from: { path: '^(packages|apps)/([^/]+)/.*\\.test\\.ts$' },
      to: { path: '^packages/[^/]+/src/', pathNot: ['^packages/[^/]+/src/(testing/)?index\\.ts$', '^packages/$2/'] },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Bundles of the web apps are made, not written.
    exclude: { path: '^(packages|apps)/[^/]+/dist[^/]*/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
