import { create } from 'qrcode'
import { useMemo } from 'react'

const quiet = 4

/** A QR code as one SVG path, dark on white in every colour scheme: scanners need it so. */
export function QrCode({ value, label, size = 220 }: { value: string; label: string; size?: number }) {
  const { path, side } = useMemo(() => drawn(value), [value])
  return (
    <svg
      className="tv-qr"
      role="img"
      aria-label={label}
      width={size}
      height={size}
      viewBox={`0 0 ${side} ${side}`}
      shapeRendering="crispEdges"
    >
      <path d={path} fill="#000" />
    </svg>
  )
}

function drawn(value: string): { path: string; side: number } {
  const { modules } = create(value, { errorCorrectionLevel: 'M' })
  let path = ''
  for (let y = 0; y < modules.size; y++)
    for (let x = 0; x < modules.size; x++) if (modules.get(y, x)) path += `M${x + quiet} ${y + quiet}h1v1h-1z`
  return { path, side: modules.size + 2 * quiet }
}
