import { UpstreamFault } from '../../upstream/fault.ts'
import type { CallTerms } from '../../upstream/upstream-fetch.ts'
import type { UserId } from '../memory.ts'
import type { Answer, Calls } from './calls.ts'
import type { IndexGate } from './index-gate.ts'
import { type MemoryRecord, type Metadata, valuesOf } from './records.ts'
import type { SparseValues } from './sparse.ts'

/** `namespace`: one a user, which nothing can leave. `metadata`: all in one, for plans with few namespaces. */
export type Isolation = 'namespace' | 'metadata'

/** What Pinecone has of one user: every call is bound to it here, and there is no other way to records. */
export interface UserRecords {
  query(query: RecordQuery, terms?: CallTerms): Promise<Found>
  /** Those that are there, with their values. */
  fetch(ids: readonly string[], terms?: CallTerms): Promise<Map<string, StoredRecord>>
  /** Replaces records with the same ids. Resolves to the log number of the write, where there is one. */
  upsert(records: readonly MemoryRecord[]): Promise<number | undefined>
  /** Ids that are not there are no error. */
  remove(ids: readonly string[]): Promise<number | undefined>
  /** Everything of the user, of whatever kind. */
  removeAll(): Promise<void>
  /** Changes these fields of a record; nothing happens when there is none. */
  setMetadata(id: string, metadata: Metadata): Promise<number | undefined>
}

export interface RecordQuery {
  /** Undefined: near nothing, for what is found by its filter alone. */
  readonly vector?: Float32Array | undefined
  readonly sparse?: SparseValues | undefined
  readonly topK: number
  readonly filter: Filter
  /** False: ids and scores alone, of as many as there may be. */
  readonly includeMetadata?: boolean
}

export type Filter = Readonly<Record<string, object>>

export interface Found {
  readonly matches: readonly Match[]
  /** Writes up to this log number are among them. */
  readonly indexedLsn: number | undefined
}

export interface Match {
  readonly id: string
  readonly score: number
  readonly metadata: Metadata
}

export interface StoredRecord {
  readonly values: readonly number[]
  readonly metadata: Metadata
}

/** Where all users are together. A user's own begins with `u_`, so the two are never the same. */
export const SHARED_NAMESPACE = 'memories'

/** Ids go in the address of a GET, which servers cut at 16 KB. */
const IDS_A_FETCH = 100
const IDS_A_DELETE = 1_000

export interface UserRecordsParts {
  readonly calls: Calls
  readonly gate: IndexGate
  readonly isolation: Isolation
  readonly dimension: number
}

export function openUserRecords(userId: UserId, parts: UserRecordsParts): UserRecords {
  const { calls, gate, isolation, dimension } = parts
  // An empty name would be everybody's namespace, silently; a colon would end the user's part of an id.
  if (!/^[\x21-\x39\x3b-\x7e]{1,200}$/.test(userId)) throw new RangeError('This is no user id.')
  const namespace = isolation === 'namespace' ? `u_${userId}` : SHARED_NAMESPACE
  const own = { user_id: { $eq: userId } }
  const bound = (filter: Filter): object =>
    isolation === 'namespace' ? filter : { $and: [own, filter] }

  /** A delete where nothing was ever written is answered 404, and is done. */
  async function removing(work: () => Promise<unknown>): Promise<number | undefined> {
    try {
      return (await calls.run(work)).answer.requestLsn
    } catch (error) {
      if (error instanceof UpstreamFault && error.statusCode === 404) return undefined
      throw error
    }
  }

  function checkOwn(ids: readonly string[]): void {
    if (ids.every((id) => id.startsWith(`${userId}:`))) return
    throw new RangeError('A record of another user was asked for.')
  }

  return {
    async query({ vector, sparse, topK, filter, includeMetadata = true }, terms) {
      const index = await gate.index()
      const { result, answer } = await calls.run(
        () =>
          index.query({
            namespace,
            // A typed array would become an object of numbered members.
            vector: valuesOf(vector, dimension), // Near nothing for a question of words alone.
            ...(sparse && { sparseVector: sparse }),
            topK,
            filter: bound(filter),
            includeMetadata,
          }),
        terms,
      )
      await checkAnswer(answer, result.matches.length === 0, 'matches', calls)
      return {
        matches: result.matches.map(({ id, score, metadata }) => ({
          id,
          score: score ?? 0,
          metadata: metadata ?? {},
        })),
        indexedLsn: answer.indexedLsn,
      }
    },

    async fetch(ids, terms) {
      checkOwn(ids)
      const found = new Map<string, StoredRecord>()
      const index = ids.length > 0 ? await gate.index() : undefined
      await Promise.all(
        chunks(ids, IDS_A_FETCH).map(async (some) => {
          const { result, answer } = await calls.run(
            () => index!.fetch({ namespace, ids: some }),
            terms,
          )
          const isEmpty = Object.keys(result.records).length === 0
          await checkAnswer(answer, isEmpty, 'vectors', calls)
          for (const [id, { values, metadata }] of Object.entries(result.records)) {
            found.set(id, { values: values ?? [], metadata: metadata ?? {} })
          }
        }),
      )
      return found
    },

    async upsert(records) {
      checkOwn(records.map(({ id }) => id))
      const index = await gate.index()
      const { answer } = await calls.run(() => index.upsert({ namespace, records: [...records] }))
      const { upsertedCount } = ((await answer.json()) ?? {}) as { upsertedCount?: number }
      // The SDK takes any 200 for success, also one that stored nothing.
      if (upsertedCount !== records.length) calls.nonsense()
      return answer.requestLsn
    },

    async remove(ids) {
      checkOwn(ids)
      if (ids.length === 0) return undefined
      const index = await gate.index()
      let lsn: number | undefined
      for (const some of chunks(ids, IDS_A_DELETE)) {
        lsn = await removing(() => index.deleteMany({ namespace, ids: some }))
      }
      return lsn
    },

    async removeAll() {
      const index = await gate.index()
      await removing(() =>
        isolation === 'namespace'
          ? index.deleteNamespace(namespace)
          : index.deleteMany({ namespace, filter: own }),
      )
    },

    async setMetadata(id, metadata) {
      checkOwn([id])
      const index = await gate.index()
      const { answer } = await calls.run(() => index.update({ namespace, id, metadata }))
      return answer.requestLsn
    },
  }
}

/** `200 {}` reads as if nothing were there: an outage must not look like an empty memory. */
async function checkAnswer(
  answer: Answer,
  isEmpty: boolean,
  member: string,
  calls: Calls,
): Promise<void> {
  if (!isEmpty) return
  const body = await answer.json()
  if (typeof body !== 'object' || body === null || !(member in body)) calls.nonsense()
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const found: T[][] = []
  for (let at = 0; at < items.length; at += size) found.push(items.slice(at, at + size))
  return found
}
