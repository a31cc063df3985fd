import { Button, Divider, Text } from '@mantine/core'
import { useApi } from '@trivault/ui'
import { type ReactNode, useState } from 'react'
import { type ButtonLook, Dialog, DialogForm } from './dialog.tsx'
import { PolicyPreview, type Request, usePreview } from './policy-preview.tsx'
import { useStart } from './use-start.ts'

interface ChangeProps {
  segment: string
  request: Request | undefined
  children: ReactNode
  /** How it is started, where that is not the segment's own route; `request` then is only what is previewed. */
  start?: () => Promise<string>
  confirm?: string
  danger?: boolean
}

/** A button and its dialog for an administrative change; what is typed stays when the dialog is closed. */
export function ChangeButton(
  props: ChangeProps & {
    label: string
    look?: ButtonLook
    /** Of the dialog; the button's label without it. */
    title?: string
  },
) {
  const { label, look, title = label, ...change } = props
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button {...look} onClick={() => setOpen(true)}>
        {label}
      </Button>
      <ChangeDialog opened={open} onClose={() => setOpen(false)} title={title} {...change} />
    </>
  )
}

/**
 * Asks for the fields of an administrative change, shows what it would need, and starts it as an operation. `request` is
 * undefined while fields are missing.
 */
export function ChangeDialog(props: ChangeProps & { opened: boolean; onClose: () => void; title: string }) {
  const { opened, onClose, title, ...change } = props
  return (
    <Dialog opened={opened} onClose={onClose} title={title} size="lg">
      {opened && <Change onClose={onClose} {...change} />}
    </Dialog>
  )
}

function Change(props: ChangeProps & { onClose: () => void }) {
  const { segment, request, children, onClose, danger, confirm = 'Start' } = props
  const api = useApi()
  const preview = usePreview(segment, request)
  const start = useStart(
    props.start ?? (() => api.start(segment as 'createAccount', request as { Name: string; MasterKey: string })),
    onClose,
  )
  const blocked = preview.current && (preview.query.isError || preview.query.data?.Blocked !== undefined)
  return (
    <DialogForm
      run={start}
      ready={request !== undefined && !blocked}
      confirm={confirm}
      onBack={onClose}
      danger={danger}
    >
      {children}
      <Divider />
      <div>
        <Text fw={600} mb={4}>
          What happens next
        </Text>
        <PolicyPreview preview={preview} empty="Fill in the fields to see who must approve this." />
        {request !== undefined && preview.query.data?.Needs.length !== 0 && (
          <Text size="sm" c="dimmed" mt="xs">
            Starting it makes an operation. Those who must approve find it in their Approver App; nothing changes
            before.
          </Text>
        )}
      </div>
    </DialogForm>
  )
}
