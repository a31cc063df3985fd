import type { World } from './world.ts'

/** Step 17, by the API and the command line of an approver. */
export async function foundVault(_world: World, say: (line: string) => void): Promise<void> {
  say('    not written yet')
}
