// How the demo says numbers, durations and points in time.

const count = new Intl.NumberFormat('en')
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

export function formatCount(value: number): string {
  return count.format(value)
}

export function plural(value: number, one: string, many: string): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`
}

/** How long an answer took: `<0.1 ms`, `0.4 ms`, `612 ms`. */
export function formatMs(ms: number): string {
  if (ms < 0.1) return '<0.1 ms'
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`
}

/** Time left as a clock shows it: `0:09`, `4:12`; `never` for no end. */
export function formatCountdown(ms: number): string {
  if (ms === Infinity) return 'never'
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** A duration in words, for labels and screen readers: `30 seconds`, `5 minutes`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return plural(seconds, 'second', 'seconds')
  return seconds < 3600 ? plural(seconds / 60, 'minute', 'minutes') : plural(Math.round(seconds / 360) / 10, 'hour', 'hours')
}

export function formatTime(at: number): string {
  return time.format(at)
}
