import { readFileSync } from 'node:fs'

/** Something that a step of the guide asks for: commands of some roles, or an edit by hand that the test makes. */
export type Action =
  | { readonly kind: 'run'; readonly who: string; readonly script: string }
  | { readonly kind: 'edit'; readonly what: string }

export interface GuideStep {
  readonly number: number
  readonly title: string
  readonly actions: readonly Action[]
}

const part = /<!-- run: ([\w-]+) -->\n+```bash\n([\s\S]*?)^```$|<!-- edit: ([\w-]+) -->|^```(\w*)$/gm

/** The steps of docs/guide/README.md. Every shell block must say who runs it. Throws RangeError for one that does not. */
export function readGuide(path: URL | string): GuideStep[] {
  const [, ...sections] = readFileSync(path, 'utf8').split(/^## Step (?=\d+: )/m)
  return sections.map(section => {
    const [, number = '', title = ''] = /^(\d+): (.+)$/m.exec(section) ?? []
    return { number: Number(number), title, actions: actionsOf(section.split(/^## /m)[0] ?? '', number) }
  })
}

function actionsOf(section: string, number: string): Action[] {
  const actions: Action[] = []
  let inside = false
  for (const [, who, script, what, language] of section.matchAll(part)) {
    if (who !== undefined && script !== undefined) actions.push({ kind: 'run', who, script })
    else if (what !== undefined) actions.push({ kind: 'edit', what })
    else {
      if (!inside && language === 'bash') throw new RangeError(`step ${number}: a shell block does not say who runs it`)
      inside = !inside
    }
  }
  return actions
}
