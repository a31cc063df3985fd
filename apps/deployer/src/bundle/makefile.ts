import { roles } from '../roles.ts'
import { variable, variableNames } from '../settings.ts'
import { targets } from '../targets.ts'

/** Read by AWS programs themselves: an empty value would already mean something to them. */
const notAssigned = new Set(['AWS_PROFILE', 'ARGS'])

/** Handed to the container by name; their values are never in an argument. */
const passedOn = [
  ...variableNames.filter(name => name !== 'AWS_PROFILE' && name !== 'LOCAL_AWS_PROFILE_MODE' && name !== 'ARGS'),
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'TRIVAULT_HOST_TOOLS',
]

const assigned = variableNames.filter(name => !notAssigned.has(name))
const column = (text: string, width: number): string => text.padEnd(width)

/** What `make help` prints. */
export function helpText(): string {
  const width =
    Math.max(...variableNames.map(name => name.length), ...Object.keys(targets).map(name => name.length)) + 2
  const lines = [
    'Targets, by step of the guide (make my-steps ROLE=… lists yours):',
    ...Object.entries(targets).map(
      ([name, { step, purpose }]) => `  ${column(step === 'any' ? '' : step, 4)}${column(name, width)}${purpose}`,
    ),
    '',
    'Variables; the environment wins over the defaults at the top of the Makefile:',
    ...variableNames.map(name => {
      const { purpose, example, preset } = variable(name)
      return `      ${column(name, width)}${purpose} (${preset === undefined ? `such as ${example}` : `default ${preset}`})`
    }),
    '',
    `ROLE is one of ${roles.join(', ')}.`,
    'ARGS: --dry-run shows what would be done, --json prints JSON, --yes answers ordinary questions.',
  ]
  return lines.join('\n')
}

/** The bundle's Makefile, from the tables of targets and variables. */
export function renderMakefile(): string {
  const width = Math.max(...assigned.map(name => name.length))
  return `# Trivault installer. Set variables in the environment (recommended) or edit the defaults here; the environment wins.
# \`make help\` lists targets and variables. Each target is one command of trivault-deployer.

${assigned.map(name => `${column(name, width)} ?= ${variable(name).preset ?? ''}`.trimEnd()).join('\n')}

# Nothing below needs an edit.
export ${assigned.join(' ')}
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

targets := ${Object.keys(targets).join(' \\\n  ')}
.PHONY: help $(targets)

define help_text
${helpText().replaceAll('$', '$$')}
endef

help:
	$(info $(help_text))@:

ifeq ($(DEPLOYER),local)

# The trivault-deployer of this host's PATH.
$(targets):
	@trivault-deployer $@ $(ARGS)

else ifeq ($(DEPLOYER),container)

# The image that the publisher signed, by the digest that verify-release.sh prints after checking the signature.
verified := sh scripts/verify-release.sh
passed_on := ${passedOn.join(' ')}
host_tools := $$(for tool in make aws docker; do printf '%s=%s\\n' $$tool "$$($$tool --version 2>/dev/null | head -n 1)"; done; \\
  printf 'cosign=%s\\n' "$$(cosign version 2>/dev/null | grep GitVersion)")
need_host := for tool in docker aws openssl; do command -v $$tool >/dev/null || { \\
  echo "$$tool: is not installed → install it or set DEPLOYER=local" >&2; exit 1; }; done
on_host := registry-login verify-deployer pull-deployer ecr-public-login

scripts/verify-release.sh:
	@mkdir -p scripts
	@case "$(DELIVERY_BUCKET)" in \\
	  /*) cp "$(DELIVERY_BUCKET)/customer/shared/$(CUSTOMER_SHARED_SEGMENT)/$@" $@;; \\
	  *) aws s3 cp --only-show-errors --region "$(DELIVERY_REGION)" "s3://$(DELIVERY_BUCKET)/customer/shared/$(CUSTOMER_SHARED_SEGMENT)/$@" $@;; \\
	esac

registry-login:
	@aws ecr get-login-password --region "$(DELIVERY_REGION)" | docker login --username AWS --password-stdin "$(DELIVERY_REGISTRY)"

verify-deployer: scripts/verify-release.sh
	@$(verified)

pull-deployer: scripts/verify-release.sh
	@set -e; image="$$($(verified))"; \\
	if docker image inspect "$$image" >/dev/null 2>&1; then echo "is here already: $$image"; else docker pull "$$image"; fi

ecr-public-login:
	@aws ecr-public get-login-password --region us-east-1 | docker login --username AWS --password-stdin public.ecr.aws

# LOCAL_AWS_PROFILE_MODE=true: short-lived credentials of AWS_PROFILE (SSO too) go into the container, the profile's files do not.
$(filter-out $(on_host),$(targets)): scripts/verify-release.sh
	@set -e; $(need_host); image="$$($(verified))"; \\
	if [ "$(LOCAL_AWS_PROFILE_MODE)" = true ]; then \\
	  credentials="$$(aws configure export-credentials --format env)"; eval "$$credentials"; fi; \\
	$(if $(filter preflight doctor,$@),TRIVAULT_HOST_TOOLS="$(host_tools)"; export TRIVAULT_HOST_TOOLS;) \\
	terminal=; if [ -t 0 ] && [ -t 1 ]; then terminal=--tty; fi; \\
	docker run --rm --init --interactive $$terminal --user "$$(id -u):$$(id -g)" --read-only --tmpfs /tmp \\
	  --cap-drop ALL --security-opt no-new-privileges --env HOME=/tmp $(addprefix --env ,$(passed_on)) \\
	  --volume "$(CURDIR)":/work --workdir /work \\
	  $(if $(filter /%,$(TENANT_SETUP_JSON)),--volume "$(TENANT_SETUP_JSON)":"$(TENANT_SETUP_JSON)":ro) \\
	  $(if $(filter /%,$(DELIVERY_BUCKET)),--volume "$(DELIVERY_BUCKET)":"$(DELIVERY_BUCKET)":ro) \\
	  "$$image" $@ $(ARGS)

else
$(error DEPLOYER is container or local, not $(DEPLOYER))
endif
`
}
