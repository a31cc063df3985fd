import { createEdits } from './edits.ts'
import type { Mistake } from './mistakes.ts'
import { type GuideStep, readGuide } from './page.ts'
import { nodesOf, type Person, whoRuns } from './people.ts'
import type { World } from './world.ts'

export interface StepReport {
  readonly number: number
  readonly title: string
  readonly seconds: number
}

export interface GuideOptions {
  readonly world: World
  readonly customerConfig: string
  readonly say: (line: string) => void
  /** Edits that come after the deployer's part, such as the founders'. */
  readonly more: Readonly<Record<string, () => Promise<void>>>
  /** Done wrong on the way. */
  readonly mistakes?: readonly Mistake[]
}

const PAGE = new URL('../../../docs/guide/README.md', import.meta.url)

/** Does what docs/guide/README.md says, step by step. Throws Error with a command's last words when one fails. */
export async function followGuide({
  world,
  customerConfig,
  say,
  more,
  mistakes = [],
}: GuideOptions): Promise<StepReport[]> {
  const edits = { ...createEdits(world, customerConfig), ...more }
  const reports: StepReport[] = []
  for (const step of readGuide(PAGE)) {
    for (const mistake of mistakes.filter(({ before }) => before === step.number)) await make(mistake, world)
    const before = performance.now()
    await follow(step, world, edits, say)
    const seconds = (performance.now() - before) / 1000
    reports.push({ number: step.number, title: step.title, seconds })
    say(`✓ step ${String(step.number).padStart(2)}  ${seconds.toFixed(1).padStart(6)} s  ${step.title}`)
  }
  return reports
}

/** Throws Error when a mistake is not caught as it should be. */
async function make({ who, script, code, says }: Mistake, world: World): Promise<void> {
  const [person] = whoRuns(world.people, who)
  const result = await person?.run(script)
  if (result?.code === code && says.test(result.output)) return
  throw new Error(
    `${who}: ${script} must end with ${code} and ${says}; it ended with ${result?.code}\n${result?.output}`,
  )
}

async function follow(
  step: GuideStep,
  world: World,
  edits: Readonly<Record<string, () => void | Promise<void>>>,
  say: (line: string) => void,
): Promise<void> {
  for (const action of step.actions) {
    if (action.kind === 'edit') {
      const edit = edits[action.what]
      if (edit === undefined) throw new RangeError(`step ${step.number}: nobody knows the edit ${action.what}`)
      await edit()
      continue
    }
    // People work side by side, each in their own directory and account.
    await Promise.all(
      whoRuns(world.people, action.who).map(async person => {
        const before = performance.now()
        const { code, output } = await person.run(scriptOf(action.script, world, person))
        const seconds = ((performance.now() - before) / 1000).toFixed(1)
        const commands = action.script
          .split('\n')
          .filter(line => /^make /.test(line))
          .join('; ')
        if (commands !== '') say(`    ${person.name}  ${seconds.padStart(5)} s  ${commands}`)
        // Where one person has all accounts the proof must fail, and say so.
        const absent = world.people.length === 1 && action.script === 'make prove-separation\n'
        if (absent && code !== 0 && /SEPARATION IS ABSENT/.test(output)) return
        if (code !== 0 || absent)
          throw new Error(`step ${step.number}, ${person.name}: exit ${code}\n${action.script}\n${output.slice(-4000)}`)
      }),
    )
  }
}

const OWN_NODE = /^(make \S*policy-node)0(\S*.*) # or node1, node2: your own$/gm

/** The script for one person: what is for their own node once for each of theirs, and values in the place of the <placeholders>. */
function scriptOf(script: string, world: World, person: Person): string {
  const own = script.replace(OWN_NODE, (_, before: string, after: string) =>
    nodesOf(person)
      .map(node => `${before}${node}${after}`)
      .join('\n'),
  )
  return fillIn(own, world, person)
}

/** Puts a person's values in the place of the page's <placeholders>. */
function fillIn(script: string, { values }: World, person: Person): string {
  return script.replace(/<([a-z][\w-]*)>/g, (_, name: string) => {
    const value = name === 'your-role' ? person.roles.find(role => role !== 'app-admin') : values[name]
    if (value === undefined) throw new RangeError(`nobody knows the value of <${name}>`)
    return `'${value}'`
  })
}
