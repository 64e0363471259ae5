// Which ink shows a large icon on a brand's colour.

/** White up to the luminance at which it still has the contrast of 3:1 that WCAG 2.2 (1.4.11) asks of graphics; else black. */
export function readableOn(hex: string): string {
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((at) => toLinear(parseInt(hex.slice(at, at + 2), 16) / 255))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.3 ? '#000' : '#fff'
}

function toLinear(channel: number): number {
  return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
}
