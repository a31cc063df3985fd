import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { ErrorState, LoadingState } from '@trivault/ui'
import { Callback } from './callback.tsx'
import { Frame } from './frame.tsx'
import { NotFound } from './not-found.tsx'

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const root = createRootRoute({
  notFoundComponent: () => (
    <Frame>
      <NotFound />
    </Frame>
  ),
})
const callback = createRoute({ getParentRoute: () => root, path: '/callback', component: Callback })
const frame = createRoute({ getParentRoute: () => root, id: 'frame', component: () => <Frame /> })
const under = () => frame

const pages = [
  createRoute({
    getParentRoute: under,
    path: '/',
    component: lazyRouteComponent(() => import('./pages/home.tsx'), 'Home'),
  }),
  createRoute({
    getParentRoute: under,
    path: '/accounts',
    component: lazyRouteComponent(() => import('./pages/accounts.tsx'), 'Accounts'),
  }),
  createRoute({
    getParentRoute: under,
    path: '/accounts/$id',
    component: lazyRouteComponent(() => import('./pages/account.tsx'), 'AccountPage'),
  }),
  createRoute({
    getParentRoute: under,
    path: '/transfer',
    validateSearch: (search): { from?: string; asset?: string } => ({
      from: text(search.from),
      asset: text(search.asset),
    }),
    component: lazyRouteComponent(() => import('./pages/transfer.tsx'), 'Transfer'),
  }),
  createRoute({
    getParentRoute: under,
    path: '/operations',
    validateSearch: (search): { show?: string; type?: string } => ({
      show: text(search.show),
      type: text(search.type),
    }),
    component: lazyRouteComponent(() => import('./pages/operations.tsx'), 'Operations'),
  }),
  createRoute({
    getParentRoute: under,
    path: '/operations/$id',
    component: lazyRouteComponent(() => import('./pages/operation.tsx'), 'OperationPage'),
  }),
  createRoute({
    getParentRoute: under,
    path: '/policies',
    validateSearch: (search): { tab?: string } => ({ tab: text(search.tab) }),
    component: lazyRouteComponent(() => import('./pages/policies.tsx'), 'Policies'),
  }),
  createRoute({
    getParentRoute: under,
    path: '/policies/edit',
    validateSearch: (search): { kind?: string; id?: string } => ({ kind: text(search.kind), id: text(search.id) }),
    component: lazyRouteComponent(() => import('./pages/policy-edit.tsx'), 'PolicyEdit'),
  }),
  createRoute({
    getParentRoute: under,
    path: '/people',
    validateSearch: (search): { tab?: string } => ({ tab: text(search.tab) }),
    component: lazyRouteComponent(() => import('./pages/people.tsx'), 'People'),
  }),
  createRoute({
    getParentRoute: under,
    path: '/assets',
    component: lazyRouteComponent(() => import('./pages/assets.tsx'), 'Assets'),
  }),
  createRoute({
    getParentRoute: under,
    path: '/audit',
    component: lazyRouteComponent(() => import('./pages/audit.tsx'), 'Audit'),
  }),
  createRoute({
    getParentRoute: under,
    path: '/nodes',
    component: lazyRouteComponent(() => import('./pages/nodes.tsx'), 'Nodes'),
  }),
] as const

const tree = root.addChildren([callback, frame.addChildren(pages)])

export const router = createRouter({
  routeTree: tree,
  defaultPreload: 'intent',
  defaultPendingComponent: () => <LoadingState what="Opening the page" />,
  defaultErrorComponent: ({ error, reset }) => <ErrorState error={error} onRetry={reset} />,
  defaultNotFoundComponent: NotFound,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
