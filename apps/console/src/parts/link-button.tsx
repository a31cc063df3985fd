import { Button, type ButtonProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { ReactNode, Ref } from 'react'

function Anchor(props: ButtonProps & { children?: ReactNode; ref?: Ref<HTMLAnchorElement> }) {
  return <Button component="a" {...props} />
}

/** A link that looks like a button, with the router's types. */
export const LinkButton = createLink(Anchor)
