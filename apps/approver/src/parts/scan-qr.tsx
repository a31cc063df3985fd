import { Button, Stack, Text } from '@mantine/core'
import { ErrorState } from '@trivault/ui'
import jsQr from 'jsqr'
import { useEffect, useRef, useState } from 'react'

/** The package is CommonJS: what a bundler imports is the function itself, unlike its types say. */
const readCode = jsQr as unknown as (typeof jsQr)['default']

const everyMs = 200

/** Reads QR codes with the camera until one is found. No picture leaves the device. */
export function ScanQr({ onFound, onClose }: { onFound: (text: string) => void; onClose: () => void }) {
  const video = useRef<HTMLVideoElement>(null)
  const [failure, setFailure] = useState<unknown>()
  useEffect(() => {
    let stream: MediaStream | undefined
    let timer: ReturnType<typeof setInterval> | undefined
    let ended = false
    const stop = (): void => {
      ended = true
      clearInterval(timer)
      for (const track of stream?.getTracks() ?? []) track.stop()
    }
    const run = async (): Promise<void> => {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
      const element = video.current
      if (ended || element === null) return stop()
      element.srcObject = stream
      await element.play()
      const canvas = new OffscreenCanvas(1, 1)
      timer = setInterval(() => {
        const text = readFrame(element, canvas)
        if (text === undefined) return
        stop()
        onFound(text)
      }, everyMs)
    }
    run().catch(cause =>
      setFailure(
        Object.assign(new Error('the camera cannot be used', { cause }), {
          remedy: 'allow the camera for this App, or paste the link instead',
        }),
      ),
    )
    return stop
  }, [onFound])
  return (
    <Stack align="flex-start">
      {failure === undefined ? (
        <>
          <video ref={video} className="ap-video" muted playsInline aria-label="Camera" />
          <Text size="sm" c="dimmed">
            Hold the pairing code before the camera.
          </Text>
        </>
      ) : (
        <ErrorState error={failure} />
      )}
      <Button variant="default" onClick={onClose}>
        Close the camera
      </Button>
    </Stack>
  )
}

function readFrame(video: HTMLVideoElement, canvas: OffscreenCanvas): string | undefined {
  const { videoWidth: width, videoHeight: height } = video
  if (width === 0) return undefined
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d', { willReadFrequently: true })
  context?.drawImage(video, 0, 0)
  const frame = context?.getImageData(0, 0, width, height)
  return frame && (readCode(frame.data, width, height)?.data || undefined)
}
