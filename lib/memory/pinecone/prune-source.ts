import type { UserId } from '../memory.ts'
import type { PruneSource } from '../prune.ts'
import type { Calls } from './calls.ts'
import type { IndexGate } from './index-gate.ts'
import type { Reader } from './reader.ts'
import { faintVector, type Metadata } from './records.ts'
import { type Isolation, SHARED_NAMESPACE } from './user-records.ts'

export interface PruneSourceParts {
  readonly calls: Calls
  readonly gate: IndexGate
  readonly isolation: Isolation
  readonly dimension: number
  readonly readerOf: (userId: UserId) => Reader
}

const UNPINNED = { pinned: { $eq: false } }
/** Whose memories are too old is asked in rounds: after each the records that were found are gone. */
const RECORDS_A_ROUND = 1_000

export function createPruneSource(parts: PruneSourceParts): PruneSource {
  const { calls, gate, isolation, dimension, readerOf } = parts

  async function namespaces(): Promise<UserId[]> {
    const index = await gate.index()
    const users: UserId[] = []
    let paginationToken: string | undefined
    do {
      const page = { prefix: 'u_', limit: 100, ...(paginationToken && { paginationToken }) }
      const { result } = await calls.run(() => index.listNamespaces(page))
      for (const { name } of result.namespaces ?? []) {
        if (name !== undefined) users.push(name.slice('u_'.length) as UserId)
      }
      paginationToken = result.pagination?.next
    } while (paginationToken)
    return users
  }

  /** The one question that is not about one user: who has something that is too old. */
  async function owners(atMs: number): Promise<UserId[]> {
    const index = await gate.index()
    const { result } = await calls.run(() =>
      index.query({
        namespace: SHARED_NAMESPACE,
        vector: faintVector(dimension),
        topK: RECORDS_A_ROUND,
        filter: { $and: [UNPINNED, { ts: { $lt: atMs } }, { passage: { $eq: 0 } }] },
        includeMetadata: true,
      }),
    )
    const users = result.matches.map(({ metadata }) => (metadata as Metadata)['user_id'])
    return [...new Set(users.map(String))] as UserId[]
  }

  return {
    count: async (userId) => (await readerOf(userId).idsOf({ filter: {}, fits: () => true })).size,
    async oldest(userId, limit) {
      const ids = await readerOf(userId).idsOf({ filter: UNPINNED, fits: ({ pinned }) => !pinned })
      // An id tells its time.
      return [...ids].sort().slice(0, limit)
    },
    async olderThan(userId, atMs) {
      const ids = await readerOf(userId).idsOf({
        filter: { $and: [UNPINNED, { ts: { $lt: atMs } }] },
        fits: ({ pinned, ts }) => !pinned && ts.getTime() < atMs,
      })
      return [...ids].sort()
    },
    usersWithOlderThan: (atMs) => (isolation === 'namespace' ? namespaces() : owners(atMs)),
  }
}
