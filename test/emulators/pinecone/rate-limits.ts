import { refuse } from './errors.ts'

/** Requests a second. Source: Pinecone docs, "Rate limits". */
const limits = {
  query: { perSecond: 100, scope: 'namespace' },
  upsert: { perSecond: 100, scope: 'namespace' },
  update: { perSecond: 100, scope: 'namespace' },
  delete: { perSecond: 100, scope: 'namespace' },
  'update by metadata': { perSecond: 5, scope: 'namespace' },
  'delete by metadata': { perSecond: 5, scope: 'namespace' },
  fetch: { perSecond: 100, scope: 'index' },
  list: { perSecond: 200, scope: 'index' },
  'describe index stats': { perSecond: 100, scope: 'index' },
} as const satisfies Record<string, { perSecond: number; scope: 'namespace' | 'index' }>

export type LimitedOperation = keyof typeof limits

/** Counts in whole seconds; refuses with 429 what is over a limit. */
export function createRateLimits(now: () => number) {
  const counts = new Map<string, number>()
  let second = 0
  return (operation: LimitedOperation, index: string, namespace = '') => {
    const thisSecond = Math.floor(now() / 1_000)
    if (thisSecond !== second) {
      second = thisSecond
      counts.clear()
    }
    const { perSecond, scope } = limits[operation]
    const key = `${operation}\n${index}\n${scope === 'namespace' ? namespace : ''}`
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    if (count <= perSecond) return
    const where = scope === 'namespace' ? `namespace ${namespace}` : `index ${index}`
    throw refuse(
      `Too many ${operation} requests to ${where}: the limit is ${perSecond} a second`,
      429,
    )
  }
}
