import { Group, Paper, Text, Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'

/** A titled part of a page. */
export function Section(props: { title: string; note?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  const id = useId()
  return (
    <Paper component="section" withBorder p="md" className="cn-section" aria-labelledby={id}>
      <Group justify="space-between" align="flex-start" mb="sm" gap="xs">
        <div className="cn-section-title">
          <Title order={2} size="h4" id={id}>
            {props.title}
          </Title>
          {props.note && (
            <Text c="dimmed" size="sm">
              {props.note}
            </Text>
          )}
        </div>
        {props.actions}
      </Group>
      {props.children}
    </Paper>
  )
}

/** Names and values, one under the other on a phone. Rows without a value are left out. */
export function Facts({ rows }: { rows: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="cn-facts">
      {rows
        .filter(([, value]) => value !== undefined && value !== '' && value !== false)
        .map(([name, value]) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
