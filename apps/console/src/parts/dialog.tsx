import { Button, type ButtonProps, Group, Modal, Stack } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ErrorState } from '@trivault/ui'
import { type ReactNode, useState } from 'react'

/** How the button looks that opens a dialog. */
export type ButtonLook = ButtonProps & { 'aria-label'?: string }

/** On a card or in a row of a table. */
export const smallButton = { size: 'xs', variant: 'default' } as const
export const smallDanger = { size: 'xs', variant: 'light', color: 'red' } as const

export function Dialog(props: {
  opened: boolean
  onClose: () => void
  title: string
  size?: 'lg'
  closeOnClickOutside?: boolean
  children: ReactNode
}) {
  return <Modal closeButtonProps={{ 'aria-label': 'Close' }} {...props} />
}

/** What a dialog asks, and under it the way back and the way on. */
export function DialogForm(props: {
  children: ReactNode
  run: { mutate: () => void; isPending: boolean; error: Error | null }
  ready: boolean
  confirm: string
  back?: string | undefined
  onBack: () => void
  danger?: boolean | undefined
}) {
  const { run, ready, confirm, back = 'Back', onBack, danger = false } = props
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        if (ready) run.mutate()
      }}
    >
      <Stack>
        {props.children}
        {run.error && <ErrorState error={run.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onBack}>
            {back}
          </Button>
          <Button type="submit" {...(danger && { color: 'red' })} loading={run.isPending} disabled={!ready}>
            {confirm}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** A button and its dialog for what is done at once, without an operation. */
export function ActButton<T>(props: {
  label: string
  look?: ButtonLook
  /** Of the dialog; the button's label without it. */
  title?: string
  act: () => Promise<T>
  confirm: string
  back?: string
  danger?: boolean
  ready?: boolean
  onDone?: () => void
  /** Takes the place of the fields once it is done; without it the dialog closes then. */
  outcome?: (answer: T, close: () => void) => ReactNode
  children: ReactNode
}) {
  const { label, look, title = label, act, ready = true, onDone, outcome, children, ...form } = props
  const queries = useQueryClient()
  const [open, setOpen] = useState(false)
  const run = useMutation({
    mutationFn: act,
    onSuccess: async () => {
      if (outcome === undefined) setOpen(false)
      onDone?.()
      await queries.invalidateQueries()
    },
  })
  const close = () => {
    setOpen(false)
    run.reset()
  }
  const shown = run.data === undefined ? undefined : outcome?.(run.data, close)
  return (
    <>
      <Button {...look} onClick={() => setOpen(true)}>
        {label}
      </Button>
      <Dialog
        opened={open}
        onClose={close}
        title={title}
        {...(outcome && { size: 'lg' })}
        closeOnClickOutside={shown === undefined}
      >
        {shown ?? (
          <DialogForm run={run} ready={ready} onBack={close} {...form}>
            {children}
          </DialogForm>
        )}
      </Dialog>
    </>
  )
}
