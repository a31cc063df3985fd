import { Button, Group, Text } from '@mantine/core'
import { type KeyboardEvent, type MouseEvent, useEffect, useRef, useState } from 'react'

const holdMs = 1_100

/**
 * Acts after it was held: by pointer, or by Enter or Space. A click without a pointer, as assistive technology makes it, asks once
 * more instead.
 */
export function HoldButton(props: {
  label: string
  busy: boolean
  tone?: 'danger'
  confirm: string
  onDone: () => void
}) {
  const { label, busy, tone, confirm, onDone } = props
  const [held, setHeld] = useState(false)
  const [asking, setAsking] = useState(false)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const no = useRef<HTMLButtonElement>(null)
  // The button that had the focus is gone; the harmless answer takes it over.
  useEffect(() => {
    if (asking) no.current?.focus()
  }, [asking])
  const release = (): void => {
    clearTimeout(timer.current)
    setHeld(false)
  }
  useEffect(() => () => clearTimeout(timer.current), [])
  const press = (): void => {
    if (busy || held) return
    setHeld(true)
    timer.current = setTimeout(() => {
      setHeld(false)
      onDone()
    }, holdMs)
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    if (!event.repeat) press()
  }
  const onClick = ({ detail }: MouseEvent): void => {
    if (detail === 0 && !held) setAsking(true)
  }
  if (asking)
    return (
      <Group role="group" aria-label={confirm}>
        <Text>{confirm}</Text>
        <Button
          color={tone === 'danger' ? 'red' : 'vault'}
          onClick={() => {
            setAsking(false)
            onDone()
          }}
        >
          Yes
        </Button>
        <Button ref={no} variant="default" onClick={() => setAsking(false)}>
          No
        </Button>
      </Group>
    )
  return (
    <button
      type="button"
      className="ap-hold"
      data-tone={tone}
      data-held={held}
      disabled={busy}
      style={{ '--ap-hold-time': `${holdMs}ms` } as React.CSSProperties}
      onPointerDown={event => event.button === 0 && press()}
      onPointerUp={release}
      onPointerLeave={release}
      onPointerCancel={release}
      onContextMenu={event => event.preventDefault()}
      onKeyDown={onKey}
      onKeyUp={release}
      onBlur={release}
      onClick={onClick}
    >
      <span>{busy ? 'One moment' : held ? 'Keep holding' : label}</span>
    </button>
  )
}
