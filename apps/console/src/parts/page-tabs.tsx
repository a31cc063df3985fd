import { Tabs } from '@mantine/core'
import type { ReactNode } from 'react'

export interface PageTab {
  value: string
  label: string
  view: ReactNode
}

/** The parts of a page, one at a time; `shown` comes from the address, and the first part stands for what is none of them. */
export function PageTabs(props: {
  tabs: readonly PageTab[]
  shown: string | undefined
  onShow: (value: string | undefined) => void
}) {
  const { tabs, shown, onShow } = props
  const current = tabs.find(({ value }) => value === shown) ?? tabs[0]
  return (
    <Tabs value={current?.value ?? null} onChange={value => onShow(value ?? undefined)} keepMounted={false}>
      <Tabs.List mb="md">
        {tabs.map(({ value, label }) => (
          <Tabs.Tab key={value} value={value}>
            {label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map(({ value, view }) => (
        <Tabs.Panel key={value} value={value}>
          {view}
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}
