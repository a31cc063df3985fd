import {
  ActionIcon,
  Button,
  Checkbox,
  Fieldset,
  Group,
  NativeSelect,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import type { Kind, Listed, Mode, problemsOf, RuleDraft } from './rule-draft.ts'

export interface Choices {
  groups: readonly string[]
  /** `master key/account`, and each master key alone. */
  sources: readonly string[]
  functions: readonly string[]
}

interface FormProps {
  draft: RuleDraft
  onChange: (draft: RuleDraft) => void
  kind: Kind
  choices: Choices
  problems: ReturnType<typeof problemsOf>
  /** An id names an existing restriction: it stays. */
  fixedId: boolean
}

/** Every field of a restriction. */
export function RuleForm(props: FormProps) {
  const { draft, onChange, kind, problems, fixedId } = props
  return (
    <Stack>
      <TextInput
        label="Name of the restriction"
        description={fixedId ? 'Under its name it keeps what its limit has counted' : 'Unique; shown to approvers'}
        value={draft.id}
        readOnly={fixedId}
        onChange={event => onChange({ ...draft, id: event.currentTarget.value })}
        error={draft.id !== '' && problems.id}
      />
      <ApproverLists {...props} />
      {kind === 'transaction' && <Criteria {...props} />}
    </Stack>
  )
}

function ApproverLists({ draft, onChange, choices, problems }: FormProps) {
  const set = (i: number, change: Partial<RuleDraft['approvers'][number]>) =>
    onChange({ ...draft, approvers: draft.approvers.map((one, at) => (at === i ? { ...one, ...change } : one)) })
  return (
    <Fieldset legend="Whose approvals it adds">
      <Stack>
        {draft.approvers.length === 0 && (
          <Text size="sm" c="red">
            Nobody can approve: everything that matches is REFUSED.
          </Text>
        )}
        {draft.approvers.map(({ groups, count }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lists have no name; their place is all they have
          <Group key={i} align="flex-end" gap="sm" wrap="wrap">
            <TextInput
              label="Approvals"
              w={90}
              inputMode="numeric"
              value={count}
              onChange={event => set(i, { count: event.currentTarget.value })}
            />
            <Checkbox.Group
              label="from members of"
              value={groups}
              onChange={values => set(i, { groups: values })}
              flex={1}
              miw={160}
            >
              <Group gap="sm" mih={36}>
                {choices.groups.map(group => (
                  <Checkbox key={group} value={group} label={group} />
                ))}
              </Group>
            </Checkbox.Group>
            <ActionIcon
              variant="subtle"
              color="red"
              size="lg"
              aria-label={`Remove approver list ${i + 1}`}
              onClick={() => onChange({ ...draft, approvers: draft.approvers.filter((_, at) => at !== i) })}
            >
              <IconTrash size={18} />
            </ActionIcon>
          </Group>
        ))}
        {problems.approvers !== undefined && (
          <Text size="sm" c="dimmed">
            {problems.approvers}
          </Text>
        )}
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlus size={16} />}
          onClick={() => onChange({ ...draft, approvers: [...draft.approvers, { groups: [], count: '1' }] })}
          style={{ alignSelf: 'flex-start' }}
        >
          Another list, needed besides
        </Button>
      </Stack>
    </Fieldset>
  )
}

type TextField =
  | 'amountAbove'
  | 'amountCurrency'
  | 'feeAbove'
  | 'feeCurrency'
  | 'limit'
  | 'limitCurrency'
  | 'windowHours'
type ListName = 'symbol' | 'source' | 'destination' | 'external' | 'called'

function Criteria({ draft, onChange, choices, problems }: FormProps) {
  const text = (field: TextField, label: string) => (
    <TextInput
      label={label}
      value={draft[field]}
      onChange={event => onChange({ ...draft, [field]: event.currentTarget.value })}
      error={problems[field]}
    />
  )
  const amount = (field: TextField, label: string, currency: TextField) => (
    <Group grow align="flex-start">
      {text(field, label)}
      {text(currency, 'in')}
    </Group>
  )
  const list = (field: ListName, label: string, from: ListSource) => (
    <ListField
      label={label}
      value={draft[field]}
      onChange={value => onChange({ ...draft, [field]: value })}
      {...from}
    />
  )
  const choice = (field: 'network' | 'per', label: string, data: readonly { value: string; label: string }[]) => (
    <NativeSelect
      label={label}
      value={draft[field]}
      onChange={event => onChange({ ...draft, [field]: event.currentTarget.value })}
      data={[...data]}
    />
  )
  return (
    <>
      <Fieldset legend="It applies if all of these hold">
        <Stack>
          {amount('amountAbove', 'Amount above', 'amountCurrency')}
          {amount('feeAbove', 'Fee above', 'feeCurrency')}
          {list('symbol', 'Assets', { hint: 'symbols, one a line' })}
          {list('source', 'Source accounts', { options: choices.sources })}
          {list('destination', 'Destinations', { hint: 'addresses, or master key/account, one a line' })}
          {list('external', 'External destinations', { hint: 'addresses outside the vault, one a line' })}
          {list('called', 'Functions', { options: choices.functions })}
          {choice('network', 'Networks', [
            { value: 'any', label: 'any network' },
            { value: 'test', label: 'test networks' },
            { value: 'main', label: 'main networks' },
          ])}
        </Stack>
      </Fieldset>
      <Fieldset legend="Limit in a window of time">
        <Text size="sm" c="dimmed" mb="xs">
          Without an amount there is no limit.
        </Text>
        {amount('limit', 'At most', 'limitCurrency')}
        <Stack mt="sm">
          {text('windowHours', 'Within hours')}
          {choice('per', 'Counted', [
            { value: 'vault', label: 'for the vault' },
            { value: 'source', label: 'for each account' },
            { value: 'destination', label: 'for each destination' },
            { value: 'asset', label: 'for each asset' },
          ])}
        </Stack>
      </Fieldset>
    </>
  )
}

/** Values are chosen from `options`, or typed one a line as `hint` says. */
type ListSource = { readonly options: readonly string[] } | { readonly hint: string }

/** Any, only these, or all but these. */
function ListField(props: { label: string; value: Listed; onChange: (value: Listed) => void } & ListSource) {
  const { label, value, onChange } = props
  return (
    <div>
      <NativeSelect
        label={label}
        value={value.mode}
        onChange={event => onChange({ ...value, mode: event.currentTarget.value as Mode })}
        data={[
          { value: 'any', label: 'any' },
          { value: 'only', label: 'only these' },
          { value: 'except', label: 'all but these' },
        ]}
      />
      {value.mode !== 'any' &&
        ('hint' in props ? (
          <Textarea
            mt="xs"
            aria-label={`${label}: ${props.hint}`}
            placeholder={props.hint}
            autosize
            minRows={2}
            value={value.values.join('\n')}
            onChange={event =>
              onChange({ ...value, values: event.currentTarget.value.split('\n').map(line => line.trim()) })
            }
          />
        ) : (
          <Checkbox.Group
            mt="xs"
            aria-label={label}
            value={value.values}
            onChange={values => onChange({ ...value, values })}
          >
            <Stack gap={6}>
              {[...new Set([...props.options, ...value.values])].map(option => (
                <Checkbox key={option} value={option} label={option} />
              ))}
            </Stack>
          </Checkbox.Group>
        ))}
    </div>
  )
}
