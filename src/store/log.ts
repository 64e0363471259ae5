// The log of changes: each transaction that writes adds one record of what it did, and the database numbers them. A tab
// that was away reads what it missed, and a load learns whether anything happened to its key while it was under way.
// Messages between tabs are quicker; this is what makes it right when one is late or lost.

import { changesIn, EVERYTHING, isEverything, type Change } from '../change.ts'
import { resultOf } from './requests.ts'
import { LOG } from './schema.ts'

/** Records kept, and changes in all of them together, about. Whoever missed more takes everything for changed. */
export const LOG_LENGTH = 500
const MOST_CHANGES = 2_000

interface LogRecord {
  readonly id: number
  readonly changes: readonly Change[]
  /** Whose it is: a number that each tab makes up. */
  readonly by?: unknown
}

/** In place of records that are not there any more. */
const GONE: readonly Change[] = [EVERYTHING]

/** Whether a record may be the only one: with it a log begins. */
function standsAlone(changes: readonly Change[]): boolean {
  return !changes.length || changes.some(isEverything)
}

/**
 * Records after a position; one that is {@link GONE} where they are not all there. They are as long as the record at the position and the one
 * before it are: whoever empties the log leaves at most its last, for himself, and whoever does so next removes that one too.
 *
 * @param emptied the position at which whoever asks has emptied the log
 * @param bare whether there was nothing that he could have left
 */
export async function recordsSince(transaction: IDBTransaction, position: number, emptied?: number, bare?: boolean): Promise<readonly LogRecord[]> {
  const log = transaction.objectStore(LOG)
  const found: LogRecord[] = await resultOf(log.getAll(IDBKeyRange.bound(position - 1, Infinity)))
  const records = found.map(({ id, changes, by }) => ({ id, changes: changesIn(changes), by }))
  const place = records.findIndex(({ id }) => id === position)
  if (place > 0 || (records[0] && !place && (position === emptied || standsAlone(records[0].changes)))) return records.slice(place + 1)
  if (bare && position === emptied && (records[0]?.id ?? position + 1) === position + 1) return records
  // A database that was deleted meanwhile may number from below.
  return [{ id: records.at(-1)?.id ?? (await lastOf(log)) ?? position, changes: GONE }]
}

/** By a cursor that reads one key. All of a full log would keep the read beside it waiting for 0.2 ms in Chromium, 0.5 in WebKit. */
async function lastOf(log: IDBObjectStore): Promise<number | undefined> {
  return (await resultOf(log.openKeyCursor(IDBKeyRange.upperBound(Infinity), 'prev')))?.key as number | undefined
}

export interface Log {
  /** Up to where this tab knows every record; undefined before it has first looked. */
  readonly position: number | undefined
  /** The latest record that this tab has been told of: what it does next comes after that one, and after all before it. */
  readonly heard: number | undefined
  /** Takes all up to a record of this tab for known, if it has not looked yet: there was nothing that could be out of date. */
  begin(id: number): void
  /** Adds what a transaction does; the request's result is the record's number. */
  append(transaction: IDBTransaction, changes: readonly Change[]): IDBRequest
  /** Records of other tabs after a position. */
  since(transaction: IDBTransaction, position: number): Promise<readonly LogRecord[]>
  /**
   * Removes the records, of which this tab knows all: whoever else looks takes everything for changed.
   * @param changes what the transaction does
   * @returns to be called once that is committed
   */
  empty(transaction: IDBTransaction, changes: readonly Change[]): Promise<() => void>
  /** Whether it could not tell when it was last looked at: it cannot until there is another record in it. */
  readonly isBlind: boolean
  /** Whether a later record is known than one that is not. */
  readonly isMissing: boolean
  /** Takes a record for known, one of this tab or one that another has told of. They may come in any order. */
  see(id: number): void
  /** Begins anew, for a tab that holds nothing any more that could be out of date. */
  reset(): void
  /** Reads what this tab does not know yet; nothing at the first look, when there was nothing yet that could be out of date. */
  catchUp(transaction: IDBTransaction): Promise<readonly Change[]>
}

export function createLog(): Log {
  const own = Math.random()
  let position: number | undefined
  let trimmed = 0
  let emptied: number | undefined
  /** Whether there was nothing to leave then. */
  let bare = false
  let isBlind = false
  /** Known records behind a gap. */
  let ahead = new Set<number>()

  const look = async (transaction: IDBTransaction, position: number): Promise<readonly LogRecord[]> => {
    const records = await recordsSince(transaction, position, emptied, bare)
    isBlind = records[0]?.changes === GONE && records[0].id === position
    return records
  }

  return {
    get isBlind() {
      return isBlind
    },
    get position() {
      return position
    },
    get heard() {
      return position && Math.max(position, ...ahead)
    },
    get isMissing() {
      return ahead.size > 0
    },
    begin(id) {
      position ??= id
    },
    append(transaction, changes) {
      const log = transaction.objectStore(LOG)
      const kept = Math.min(LOG_LENGTH, MOST_CHANGES / changes.length)
      // Whoever clears the data leaves no names behind.
      if (changes.some(isEverything)) log.clear()
      else if (position! > trimmed + 64 || kept < LOG_LENGTH) log.delete(IDBKeyRange.upperBound((trimmed = position ?? 0) - kept))
      return log.add({ changes: kept < 1 ? GONE : changes, by: own })
    },
    async since(transaction, position) {
      // What this tab has done it knows, and a commit of its own may come late.
      return (await look(transaction, position)).filter(({ by }) => by !== own)
    },
    async empty(transaction, changes) {
      const log = transaction.objectStore(LOG)
      const last = position!
      const [gone] = await recordsSince(transaction, last, emptied, bare)
      const record: LogRecord | undefined = await resultOf(log.get(last))
      const mayLeave = !!record && !standsAlone(changesIn(record.changes)) && !changes.some(isEverything)
      // What another has left for himself goes, which tells him.
      const leaves = mayLeave && !gone
      log.delete(IDBKeyRange.upperBound(last, leaves))
      return () => {
        emptied = mayLeave && gone ? undefined : last
        bare = !leaves
      }
    },
    see(id) {
      if (position === undefined || id <= position) return
      if (ahead.size > LOG_LENGTH) ahead.clear()
      ahead.add(id)
      while (ahead.delete(position + 1)) position++
    },
    reset() {
      position = undefined
      trimmed = 0
      ahead = new Set()
    },
    async catchUp(transaction) {
      const since = ahead
      if (position === undefined) {
        const last = await lastOf(transaction.objectStore(LOG))
        if (since === ahead) position ??= last ?? 0
        return []
      }
      const records = await look(transaction, position)
      // Meanwhile all may have begun anew, or the position have moved on.
      if (since !== ahead) return []
      const missed = records.filter(({ id, changes }) => changes === GONE || (id > position! && !ahead.has(id)))
      const { id: last = position, changes } = records.at(-1) ?? {}
      position = changes === GONE ? last : Math.max(position, last)
      // Of records that are not there, whoever told of them.
      ahead.clear()
      return missed.flatMap((record) => record.changes)
    },
  }
}
