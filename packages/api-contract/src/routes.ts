import { consoleRoutes } from './routes/console.ts'
import { leverRoutes } from './routes/levers.ts'
import { operationRoutes } from './routes/operations.ts'
import { peopleRoutes } from './routes/people.ts'
import { vaultRoutes } from './routes/vault.ts'

export type { Access, Route } from './routes/define.ts'

/** Every route by its operationId. */
export const routes = { ...peopleRoutes, ...vaultRoutes, ...operationRoutes, ...leverRoutes, ...consoleRoutes }

export type OperationId = keyof typeof routes

/** Which error shape a path answers with. */
export const errorFamily = (path: string): 'cwp' | 'legacy' =>
  path.startsWith('/api/cwp/') || path.startsWith('/api/trivault/') ? 'cwp' : 'legacy'
