// HTTP-date, in its three forms and no other (RFC 9110, section 5.6.7).

const RFC_850 = /^(...)[a-z]*day, (\d\d)-(...)-(\d\d) /i
const ASCTIME = /^(...) (...) ([ \d]\d) (\S+) (\d{4})$/

/** Epoch ms; undefined for anything but an HTTP-date. @param now a two-digit year is taken to be at most 50 years after it */
export function parseDate(text: string | null, now: number): number | undefined {
  const latest = new Date(now).getUTCFullYear() + 50
  const fixdate = `${text}`
    .replace(ASCTIME, (_, weekday, month, day, time, year) => `${weekday}, ${day.replace(' ', '0')} ${month} ${year} ${time} GMT`)
    .replace(RFC_850, (_, weekday, day, month, year) => `${weekday}, ${day} ${month} ${latest - ((latest - year) % 100)} `)
  const at = Date.parse(fixdate)
  // toUTCString gives an IMF-fixdate. The day of the week does not matter.
  return !isNaN(at) && new Date(at).toUTCString().slice(3).toLowerCase() === fixdate.slice(3).toLowerCase() ? at : undefined
}
