// A full disk, as a page sees it.

/**
 * Has every put into a cache's databases fail as on a full disk, in this page alone.
 *
 * @param name of the cache
 * @returns ends it
 */
export function refusePuts(name: string): () => void {
  const prototype = IDBObjectStore.prototype
  const real = prototype.put
  prototype.put = function (this: IDBObjectStore, ...args: Parameters<typeof real>) {
    if (!this.transaction.db.name.startsWith(`bestbefore:${name.length}:${name}:`)) return real.apply(this, args)
    throw new DOMException('Refused by the demo: the disk is full', 'QuotaExceededError')
  }
  return () => void (prototype.put = real)
}
