import { TextInput } from '@mantine/core'
import { namePattern } from '@trivault/protocol'

/** Whether it can be the name of a group, a master key or an account. */
export const isName = (text: string): boolean => namePattern.test(text)

/** The name of a group, a master key or an account. */
export function NameInput(props: {
  value: string
  onChange: (name: string) => void
  label?: string
  description?: string
}) {
  const { value, onChange, label = 'Name', ...rest } = props
  return (
    <TextInput
      label={label}
      data-autofocus
      value={value}
      onChange={event => onChange(event.currentTarget.value)}
      error={
        value !== '' && !isName(value) && 'Words of letters, digits and underscores, with single spaces between them'
      }
      {...rest}
    />
  )
}
