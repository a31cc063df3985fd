import { customerConfigSchema } from '../config/schema.ts'
import type { Schema } from '../config/yaml.ts'
import { roleTitles } from '../roles.ts'
import { variable, variableNames } from '../settings.ts'
import { targets } from '../targets.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

interface Row {
  readonly field: string
  readonly schema: Schema
  readonly required: boolean
}

/** Every field, the parts of a list as `list[].field`. */
function rows(schema: Schema, prefix: string, required: boolean): Row[] {
  const own: Row[] = prefix === '' ? [] : [{ field: prefix, schema, required }]
  const children = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    rows(child, prefix === '' ? name : `${prefix}.${name}`, schema.required?.includes(name) ?? false),
  )
  const items = schema.items?.properties === undefined ? [] : rows(schema.items, `${prefix}[]`, true).slice(1)
  return [...own, ...children, ...items]
}

function rowText({ field, schema, required }: Row): string {
  const words = [
    capital(schema.description ?? ''),
    schema.enum && schema.enum.length < 8 ? `One of ${schema.enum.map(code).join(', ')}` : '',
  ]
  const standard = required
    ? 'required'
    : schema.default !== undefined
      ? code(schema.default)
      : (schema.defaultText ?? '')
  const example = schema.examples?.[0] === undefined ? '' : code(schema.examples[0])
  return `| \`${field}\` | ${cell(words.filter(Boolean).join('. ').replaceAll('..', '.'))} | ${cell(standard)} | ${cell(example)} |`
}

/** docs/guide/customer-config.md */
export function renderConfigReference(): string {
  return `# customer-config.yml reference

This page is generated from the schema that the deployer checks the file with. Indent with spaces. Every error names file, line, field and what to do.
\`make generate-customer-assets\` makes \`bd-wallet.yml\` from this file, in which nothing is left open; \`make generate-conf-files\` makes the services'
files from that.

| field | meaning | default | example |
|---|---|---|---|
${rows(customerConfigSchema, '', true).map(rowText).join('\n')}

## What belongs together

- \`namespace\`, \`environment\` and \`region\` equal \`NAMESPACE\`, \`ENV_PREFIX\` and \`AWS_REGION\`, or every target stops and shows both values.
- The layout says which accounts are the same; the file is refused when the account ids say something else.
- Host names end with the name of their zone. The Approver App's zone is not the wallet's and does not lie within it: whoever controls a zone can
  answer for the names in it.
- The admin users are the founders and the \`Users\` of \`tenant-setup.json\`, and \`founding.approvalsRequired\` is its \`ApprovalsRequired\`: the Policy
  Nodes compare them. Later changes are operations of the vault that its owners approve.
- In founding mode \`pinned\` each founder runs \`trivault approver init\` before step 7 and tells the fingerprint to every node admin, each of whom pins
  it: no sign-in then gives a founder's place away, and the vault seals itself when all these keys are paired. In mode \`identity\` no fingerprint is there.
- Chains are test networks on a testnet and main networks elsewhere.
- Two environments live side by side in the same accounts: one working directory each, with another \`environment\`.

## Change something later

Change this file and run \`make generate-customer-assets\` again. It shows what changes in \`bd-wallet.yml\` and keeps what you changed there by hand. Where
both changed the same field it stops and shows both values. Namespace, environment, region, accounts and zones are changed here only.
`
}

/** docs/guide/makefile.md */
export function renderMakefileReference(): string {
  const targetRows = Object.entries(targets).map(([name, { step, purpose, roles }]) => {
    const who =
      roles.length === Object.keys(roleTitles).length ? 'everyone' : roles.map(role => roleTitles[role]).join(', ')
    return `| ${step === 'any' ? '' : step} | \`make ${name}\` | ${cell(purpose)} | ${who} |`
  })
  const variableRows = variableNames.map(name => {
    const { purpose, example, preset } = variable(name)
    return `| \`${name}\` | ${cell(purpose)} | ${preset === undefined ? '' : code(preset)} | ${code(example)} |`
  })
  return `# Targets and variables of the Makefile

This page is generated from the table that the Makefile is generated from. Each target is one command: \`make status\` is \`trivault-deployer status\`, which
also works without make. \`DEPLOYER=local\` runs the \`trivault-deployer\` of the host instead of the container.

## Targets

| step | target | purpose | who |
|---|---|---|---|
${targetRows.join('\n')}

## Variables

The environment wins over the defaults at the top of the Makefile. A target that needs an unset variable names it.

| variable | purpose | default | example |
|---|---|---|---|
${variableRows.join('\n')}

With \`AWS_PROFILE\` and \`LOCAL_AWS_PROFILE_MODE=true\` the container gets short-lived credentials of that profile, SSO profiles included. Otherwise it gets
\`AWS_ACCESS_KEY_ID\`, \`AWS_SECRET_ACCESS_KEY\` and \`AWS_SESSION_TOKEN\` of the environment. Values are handed over by name, never as arguments.

## Exit codes of trivault-deployer

0 done, nothing to do, or already populated; 1 failed; 2 wrong usage or an unset variable; 3 refused for safety; 130 interrupted. make itself always
ends with 2 and prints the code before.
`
}
