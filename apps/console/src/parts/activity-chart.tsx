import { Group, Text } from '@mantine/core'
import type { ResponseOf } from '@trivault/api-contract'
import { type Bin, binned, quantile, signings } from './activity.ts'

type Operations = ResponseOf<'trivaultActivity'>['Operations']

const size = { width: 640, height: 180, left: 44, bottom: 26, top: 10, right: 8 }
const inner = { width: size.width - size.left - size.right, height: size.height - size.top - size.bottom }
const colours = { succeeded: '#2e7d4f', failed: '#c0392b', open: '#8a6d00' } as const
const words = { succeeded: 'succeeded', failed: 'failed', open: 'under way' } as const
const layers = ['succeeded', 'failed', 'open'] as const

const moment = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
})

/** How many operations were started when, and how long each signature took. */
export function ActivityChart({ operations }: { operations: Operations }) {
  return (
    <div className="cn-cards">
      <OperationsPlot operations={operations} />
      <SigningPlot operations={operations} />
    </div>
  )
}

function OperationsPlot({ operations }: { operations: Operations }) {
  const { bins } = binned(operations)
  const total = (bin: Bin): number => bin.succeeded + bin.failed + bin.open
  const most = Math.max(...bins.map(total))
  const step = inner.width / bins.length
  const count = (outcome: (typeof layers)[number]) => operations.filter(({ Outcome }) => Outcome === outcome).length
  return (
    <figure style={{ margin: 0 }}>
      <Group gap="sm" mb={4}>
        {layers.map(layer => (
          <Text key={layer} size="sm">
            <span
              aria-hidden
              style={{ background: colours[layer], display: 'inline-block', width: 10, height: 10, marginInlineEnd: 6 }}
            />
            {count(layer)} {words[layer]}
          </Text>
        ))}
      </Group>
      <svg
        className="cn-chart"
        viewBox={`0 0 ${size.width} ${size.height}`}
        role="img"
        aria-label={`${operations.length} operations by the time of their start`}
      >
        <Axis top={String(most)} from={bins[0]?.from} to={bins.at(-1)?.from} />
        {bins.map((bin, i) => {
          let y = size.top + inner.height
          return layers.map(layer => {
            const height = (bin[layer] / most) * inner.height
            y -= height
            return (
              bin[layer] > 0 && (
                <rect
                  key={`${bin.from} ${layer}`}
                  x={size.left + i * step + 1}
                  y={y}
                  width={Math.max(1, Math.min(step - 2, 48))}
                  height={height}
                  fill={colours[layer]}
                >
                  <title>{`${moment.format(bin.from)}: ${bin[layer]} ${words[layer]}`}</title>
                </rect>
              )
            )
          })
        })}
      </svg>
      <figcaption>
        <Text size="sm" c="dimmed">
          Operations by the time of their start
        </Text>
      </figcaption>
    </figure>
  )
}

const seconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)

function SigningPlot({ operations }: { operations: Operations }) {
  const points = signings(operations)
  const times = points.map(({ took }) => took)
  const [middle, slow] = [quantile(times, 0.5), quantile(times, 0.99)]
  if (middle === undefined || slow === undefined)
    return <Text c="dimmed">Nothing was signed yet: signing times appear with the first signature.</Text>
  const most = Math.max(...times, 1)
  const x = (i: number): number => size.left + ((i + 0.5) * inner.width) / points.length
  const y = (took: number): number => size.top + inner.height * (1 - took / most)
  return (
    <figure style={{ margin: 0 }}>
      <Group gap="sm" mb={4}>
        <Text size="sm">Half within {seconds(middle)}</Text>
        <Text size="sm">99 of 100 within {seconds(slow)}</Text>
      </Group>
      <svg
        className="cn-chart"
        viewBox={`0 0 ${size.width} ${size.height}`}
        role="img"
        aria-label={`${points.length} signing times, half within ${seconds(middle)}`}
      >
        <Axis top={seconds(most)} from={points[0]?.at} to={points.at(-1)?.at} />
        <line
          x1={size.left}
          x2={size.width - size.right}
          y1={y(middle)}
          y2={y(middle)}
          stroke="var(--tv-muted)"
          strokeDasharray="4 4"
        />
        {points.map(({ id, at, took }, i) => (
          <circle key={id} cx={x(i)} cy={y(took)} r={4} fill="var(--mantine-primary-color-filled)">
            <title>{`${moment.format(at)}: ${seconds(took)}`}</title>
          </circle>
        ))}
      </svg>
      <figcaption>
        <Text size="sm" c="dimmed">
          From the order to sign to the signature in the log, one after the other
        </Text>
      </figcaption>
    </figure>
  )
}

/** Zero, the top, and the times at both ends. */
function Axis({ top, from, to }: { top: string; from: number | undefined; to: number | undefined }) {
  const bottom = size.top + inner.height
  const label = (value: number | undefined): string => (value === undefined ? '' : moment.format(value))
  return (
    <g fill="currentColor">
      <line x1={size.left} x2={size.width - size.right} y1={bottom} y2={bottom} stroke="var(--tv-line)" />
      <line x1={size.left} x2={size.left} y1={size.top} y2={bottom} stroke="var(--tv-line)" />
      <text x={size.left - 6} y={size.top + 10} textAnchor="end">
        {top}
      </text>
      <text x={size.left - 6} y={bottom} textAnchor="end">
        0
      </text>
      <text x={size.left} y={size.height - 8}>
        {label(from)}
      </text>
      {to !== from && (
        <text x={size.width - size.right} y={size.height - 8} textAnchor="end">
          {label(to)}
        </text>
      )}
    </g>
  )
}
