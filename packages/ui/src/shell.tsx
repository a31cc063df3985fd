import { ActionIcon, Menu, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { IconDots, IconLogout, IconMoon, IconSun, IconUser } from '@tabler/icons-react'
import { Link, type LinkProps, useLocation } from '@tanstack/react-router'
import type { ComponentType, ReactNode } from 'react'
import { useEnv, useSession, useSessionView } from './app-context.tsx'

export interface NavItem {
  to: NonNullable<LinkProps['to']>
  label: string
  icon: ComponentType<{ size?: number }>
  /** Shown behind the label when above 0. */
  count?: number
  /** On a phone behind "More": its bar has room for four or five. */
  secondary?: boolean
}

/** Frame of every page: banner, header, navigation, content. `column` is the widest the content gets. */
export function AppShell(props: {
  app: string
  nav: readonly NavItem[]
  children: ReactNode
  /** Left of the account menu, such as the state of the connection. */
  status?: ReactNode
  column?: string
}) {
  const env = useEnv()
  return (
    <div className="tv-shell" style={{ '--tv-column': props.column ?? '1120px' } as React.CSSProperties}>
      <a className="tv-skip" href="#content">
        Skip to the content
      </a>
      {env.TESTNET ? <div className="tv-banner">Test networks only, no real value</div> : <div />}
      <header className="tv-header">
        <Link to="/" className="tv-brand">
          Trivault<small>{props.app}</small>
        </Link>
        <div className="tv-header-end">
          {props.status}
          <SchemeToggle />
          <AccountMenu />
        </div>
      </header>
      <div className="tv-body">
        {props.nav.length > 0 && <Nav items={props.nav} className="tv-nav tv-nav-side" label="Main" />}
        <main className="tv-main" id="content" tabIndex={-1}>
          <div className="tv-column">{props.children}</div>
        </main>
      </div>
      {props.nav.length > 0 ? (
        <Nav
          items={props.nav.filter(({ secondary }) => !secondary)}
          more={props.nav.filter(({ secondary }) => secondary)}
          className="tv-nav tv-nav-bottom"
          label="Main, at the bottom"
        />
      ) : (
        <div />
      )}
    </div>
  )
}

function Nav(props: { items: readonly NavItem[]; more?: readonly NavItem[]; className: string; label: string }) {
  const { items, more = [], className, label } = props
  return (
    <nav className={className} aria-label={label}>
      {items.map(({ to, label: text, icon: Icon, count = 0 }) => (
        <Link key={to} to={to} activeOptions={{ exact: to === '/' }}>
          <Icon size={20} />
          <span>{text}</span>
          {count > 0 && <span className="tv-count">{count}</span>}
        </Link>
      ))}
      {more.length > 0 && <More items={more} />}
    </nav>
  )
}

function More({ items }: { items: readonly NavItem[] }) {
  const path = useLocation({ select: ({ pathname }) => pathname })
  const current = items.some(({ to }) => path.startsWith(to))
  return (
    <Menu position="top-end">
      <Menu.Target>
        <button type="button" className="tv-more" data-current={current || undefined}>
          <IconDots size={20} />
          <span>More</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {items.map(({ to, label, icon: Icon }) => (
          <Menu.Item key={to} component={Link} to={to} leftSection={<Icon size={18} />}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

/** Light or dark; follows the system until it is pressed. */
export function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme()
  const dark = useComputedColorScheme('light') === 'dark'
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={dark ? 'Light colours' : 'Dark colours'}
      onClick={() => setColorScheme(dark ? 'light' : 'dark')}
    >
      {dark ? <IconSun size={20} /> : <IconMoon size={20} />}
    </ActionIcon>
  )
}

function AccountMenu() {
  const session = useSession()
  const { state, email } = useSessionView()
  if (state !== 'signed-in' && state !== 'expired') return null
  return (
    <Menu position="bottom-end" withinPortal={false}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Account of ${email ?? 'nobody named'}`}>
          <IconUser size={20} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{email ?? 'Signed in'}</Menu.Label>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void session.signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
