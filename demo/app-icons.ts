// The app's icons as PNG files, which browsers ask for before they offer to install a page: drawn here, so that no binary
// lies in the repository. The mark is that of the masthead, a ring whose right half is full.

import { crc32, deflateSync } from 'node:zlib'

const GREEN = [0x14, 0x6c, 0x4b] as const
const WHITE = [0xff, 0xff, 0xff] as const
/** Of the side; well inside the circle that every platform leaves of a maskable icon. */
const RING = { radius: 0.27, width: 0.09 }

/** A square PNG, edge to edge, as platforms cut it themselves. */
export function drawAppIcon(size: number): Uint8Array<ArrayBuffer> {
  const rows = new Uint8Array(size * (1 + size * 3))
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const share = coverage((x + 0.5) / size - 0.5, (y + 0.5) / size - 0.5, 1 / size)
      GREEN.forEach(
        (green, channel) => (rows[y * (1 + size * 3) + 1 + x * 3 + channel] = Math.round(green + (WHITE[channel]! - green) * share)),
      )
    }
  }
  const head = new DataView(new ArrayBuffer(13))
  head.setUint32(0, size)
  head.setUint32(4, size)
  head.setUint16(8, 0x0802) // 8 bits for each of three channels
  const parts = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', new Uint8Array(head.buffer)),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array()),
  ]
  return new Uint8Array(Buffer.concat(parts))
}

/** How much of a pixel the mark covers; coordinates from the middle, in sides. */
function coverage(x: number, y: number, pixel: number): number {
  const distance = Math.hypot(x, y)
  const inside = (edge: number): number => Math.min(1, Math.max(0, (edge - distance) / pixel + 0.5))
  const disc = inside(RING.radius + RING.width / 2)
  const right = Math.min(1, Math.max(0, x / pixel + 0.5))
  return disc * Math.max(right, 1 - inside(RING.radius - RING.width / 2))
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(body.length + 8)
  frame.writeUInt32BE(data.length, 0)
  body.copy(frame, 4)
  frame.writeUInt32BE(crc32(body), body.length + 4)
  return frame
}
