import { Group, Text } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import type { ResponseOf } from '@trivault/api-contract'
import type { ReactNode } from 'react'
import { type Bin, binned, quantile, signings } from './activity.ts'

type Operations = ResponseOf<'trivaultActivity'>['Operations']

const frame = { height: 180, left: 52, bottom: 26, top: 10, right: 8 }
const plotHeight = frame.height - frame.top - frame.bottom
const floor = frame.top + plotHeight
const colours = { succeeded: '#2e7d4f', failed: '#c0392b', open: '#8a6d00' } as const
const words = { succeeded: 'succeeded', failed: 'failed', open: 'under way' } as const
const layers = ['succeeded', 'failed', 'open'] as const

const moment = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
})

const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })

/** Short where both ends are of one day, so that they fit beside each other on a phone. */
function ends(from: number | undefined, to: number | undefined): [string, string] {
  if (from === undefined || to === undefined) return ['', '']
  const words = new Date(from).toDateString() === new Date(to).toDateString() ? clock : day
  const [first, last] = [words.format(from), words.format(to)]
  return [first, last === first ? '' : last]
}

/** How many operations were started when, and how long each signature took. */
export function ActivityChart({ operations }: { operations: Operations }) {
  return (
    <div className="cn-cards">
      <OperationsPlot operations={operations} />
      <SigningPlot operations={operations} />
    </div>
  )
}

/** Axes with zero, the top and the times at both ends, in the width that there is; `draw` gets the width of the plot. */
function Plot(props: {
  label: string
  caption: string
  top: string
  from: number | undefined
  to: number | undefined
  legend: ReactNode
  draw: (width: number) => ReactNode
}) {
  const { ref, width } = useElementSize()
  const inner = Math.max(0, width - frame.left - frame.right)
  const end = frame.left + inner
  const [first, last] = ends(props.from, props.to)
  return (
    <figure style={{ margin: 0, minWidth: 0 }} ref={ref}>
      <Group gap="sm" mb={4}>
        {props.legend}
      </Group>
      <svg className="cn-chart" width={width} height={frame.height} role="img" aria-label={props.label}>
        <g fill="currentColor">
          <line x1={frame.left} x2={end} y1={floor} y2={floor} stroke="var(--tv-line)" />
          <line x1={frame.left} x2={frame.left} y1={frame.top} y2={floor} stroke="var(--tv-line)" />
          <text x={frame.left - 6} y={frame.top + 10} textAnchor="end">
            {props.top}
          </text>
          <text x={frame.left - 6} y={floor} textAnchor="end">
            0
          </text>
          <text x={frame.left} y={frame.height - 8}>
            {first}
          </text>
          <text x={end} y={frame.height - 8} textAnchor="end">
            {last}
          </text>
        </g>
        {inner > 0 && props.draw(inner)}
      </svg>
      <figcaption>
        <Text size="sm" c="dimmed">
          {props.caption}
        </Text>
      </figcaption>
    </figure>
  )
}

function OperationsPlot({ operations }: { operations: Operations }) {
  const { bins } = binned(operations)
  const most = Math.max(...bins.map(bin => bin.succeeded + bin.failed + bin.open))
  const count = (outcome: (typeof layers)[number]) => operations.filter(({ Outcome }) => Outcome === outcome).length
  return (
    <Plot
      label={`Plot of ${operations.length} operations by the time of their start`}
      caption="Operations by the time of their start"
      top={String(most)}
      from={bins[0]?.from}
      to={bins.at(-1)?.from}
      legend={layers.map(layer => (
        <Text key={layer} size="sm">
          <span
            aria-hidden
            style={{ background: colours[layer], display: 'inline-block', width: 10, height: 10, marginInlineEnd: 6 }}
          />
          {count(layer)} {words[layer]}
        </Text>
      ))}
      draw={width =>
        bins.map((bin, i) => (
          <Bar
            key={bin.from}
            bin={bin}
            most={most}
            x={frame.left + (i * width) / bins.length}
            step={width / bins.length}
          />
        ))
      }
    />
  )
}

function Bar({ bin, most, x, step }: { bin: Bin; most: number; x: number; step: number }) {
  let y = floor
  return layers.map(layer => {
    const height = (bin[layer] / most) * plotHeight
    y -= height
    if (bin[layer] === 0) return null
    return (
      <rect
        key={layer}
        x={x + 1}
        y={y}
        width={Math.max(1, Math.min(step - 2, 48))}
        height={height}
        fill={colours[layer]}
      >
        <title>{`${moment.format(bin.from)}: ${bin[layer]} ${words[layer]}`}</title>
      </rect>
    )
  })
}

const seconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)

function SigningPlot({ operations }: { operations: Operations }) {
  const points = signings(operations)
  const times = points.map(({ took }) => took)
  const [middle, slow] = [quantile(times, 0.5), quantile(times, 0.99)]
  if (middle === undefined || slow === undefined)
    return <Text c="dimmed">Nothing was signed yet: signing times appear with the first signature.</Text>
  const most = Math.max(...times, 1)
  const y = (took: number): number => frame.top + plotHeight * (1 - took / most)
  return (
    <Plot
      label={`Plot of the times that signatures took, ${points.length} in all, half within ${seconds(middle)}`}
      caption="From the order to sign to the signature in the log, one after the other"
      top={seconds(most)}
      from={points[0]?.at}
      to={points.at(-1)?.at}
      legend={
        <>
          <Text size="sm">Half within {seconds(middle)}</Text>
          <Text size="sm">99 of 100 within {seconds(slow)}</Text>
        </>
      }
      draw={width => (
        <>
          <line
            x1={frame.left}
            x2={frame.left + width}
            y1={y(middle)}
            y2={y(middle)}
            stroke="var(--tv-muted)"
            strokeDasharray="4 4"
          />
          {points.map(({ id, at, took }, i) => (
            <circle
              key={id}
              cx={frame.left + ((i + 0.5) * width) / points.length}
              cy={y(took)}
              r={4}
              fill="var(--mantine-primary-color-filled)"
            >
              <title>{`${moment.format(at)}: ${seconds(took)}`}</title>
            </circle>
          ))}
        </>
      )}
    />
  )
}
