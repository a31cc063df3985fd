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
import type { ReactNode } from 'react'
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

function Criteria({ draft, onChange, choices, problems }: FormProps) {
  const set = <F extends keyof RuleDraft>(field: F, value: RuleDraft[F]) => onChange({ ...draft, [field]: value })
  const text = (
    field: 'amountAbove' | 'amountCurrency' | 'feeAbove' | 'feeCurrency' | 'limit' | 'limitCurrency' | 'windowHours',
    label: string,
  ) => (
    <TextInput
      label={label}
      value={draft[field]}
      onChange={event => set(field, event.currentTarget.value)}
      error={problems[field]}
    />
  )
  return (
    <>
      <Fieldset legend="It applies if all of these hold">
        <Stack>
          <Group grow align="flex-start">
            {text('amountAbove', 'Amount above')}
            {text('amountCurrency', 'in')}
          </Group>
          <Group grow align="flex-start">
            {text('feeAbove', 'Fee above')}
            {text('feeCurrency', 'in')}
          </Group>
          <ListField
            label="Assets"
            value={draft.symbol}
            onChange={value => set('symbol', value)}
            hint="symbols, one a line"
          />
          <ListField
            label="Source accounts"
            value={draft.source}
            onChange={value => set('source', value)}
            options={choices.sources}
          />
          <ListField
            label="Destinations"
            value={draft.destination}
            onChange={value => set('destination', value)}
            hint="addresses, or master key/account, one a line"
          />
          <ListField
            label="External destinations"
            value={draft.external}
            onChange={value => set('external', value)}
            hint="addresses outside the vault, one a line"
          />
          <ListField
            label="Functions"
            value={draft.called}
            onChange={value => set('called', value)}
            options={choices.functions}
          />
          <NativeSelect
            label="Networks"
            value={draft.network}
            onChange={event => set('network', event.currentTarget.value as RuleDraft['network'])}
            data={[
              { value: 'any', label: 'any network' },
              { value: 'test', label: 'test networks' },
              { value: 'main', label: 'main networks' },
            ]}
          />
        </Stack>
      </Fieldset>
      <Fieldset legend="Limit in a window of time">
        <Text size="sm" c="dimmed" mb="xs">
          Without an amount there is no limit.
        </Text>
        <Group grow align="flex-start">
          {text('limit', 'At most')}
          {text('limitCurrency', 'in')}
        </Group>
        <Stack mt="sm">
          {text('windowHours', 'Within hours')}
          <NativeSelect
            label="Counted"
            value={draft.per}
            onChange={event => set('per', event.currentTarget.value as RuleDraft['per'])}
            data={[
              { value: 'vault', label: 'for the vault' },
              { value: 'source', label: 'for each account' },
              { value: 'destination', label: 'for each destination' },
              { value: 'asset', label: 'for each asset' },
            ]}
          />
        </Stack>
      </Fieldset>
    </>
  )
}

/** Any, only these, or all but these; chosen from a list, or typed one a line. */
function ListField(props: {
  label: string
  value: Listed
  onChange: (value: Listed) => void
  options?: readonly string[]
  hint?: string
}): ReactNode {
  const { label, value, onChange, options, hint } = props
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
        (options === undefined ? (
          <Textarea
            mt="xs"
            aria-label={`${label}: ${hint}`}
            placeholder={hint}
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
              {[...new Set([...options, ...value.values])].map(option => (
                <Checkbox key={option} value={option} label={option} />
              ))}
            </Stack>
          </Checkbox.Group>
        ))}
    </div>
  )
}
