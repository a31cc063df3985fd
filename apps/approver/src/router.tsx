import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { Callback } from './pages/callback.tsx'
import { Inbox } from './pages/inbox.tsx'
import { NotFound } from './pages/not-found.tsx'
import { Root } from './pages/root.tsx'

const root = createRootRoute({ component: Root, notFoundComponent: NotFound })

const inbox = createRoute({ getParentRoute: () => root, path: '/', component: Inbox })
const callback = createRoute({ getParentRoute: () => root, path: '/callback', component: Callback })
export const operationRoute = createRoute({
  getParentRoute: () => root,
  path: '/operation/$id',
  component: lazyRouteComponent(() => import('./pages/operation.tsx'), 'OperationPage'),
})
const pair = createRoute({
  getParentRoute: () => root,
  path: '/pair',
  component: lazyRouteComponent(() => import('./pages/pair.tsx'), 'PairPage'),
})
const history = createRoute({
  getParentRoute: () => root,
  path: '/history',
  component: lazyRouteComponent(() => import('./pages/history.tsx'), 'HistoryPage'),
})
const devices = createRoute({
  getParentRoute: () => root,
  path: '/devices',
  component: lazyRouteComponent(() => import('./pages/devices.tsx'), 'DevicesPage'),
})
const vault = createRoute({
  getParentRoute: () => root,
  path: '/vault',
  component: lazyRouteComponent(() => import('./pages/vault.tsx'), 'VaultPage'),
})

export const router = createRouter({
  routeTree: root.addChildren([inbox, callback, operationRoute, pair, history, devices, vault]),
  defaultPreload: 'intent',
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
