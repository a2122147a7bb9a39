import type { ReceivedRequest } from '../received.ts'
import { json, type Reply } from '../reply.ts'
import { dataError, refuse } from './errors.ts'
import { compileFilter } from './filters.ts'
import { namespaceName, openNamespace, type IndexState } from './index-state.ts'
import { handleNamespaces } from './namespaces.ts'
import type { Namespace, Write } from './namespace.ts'
import { page, pageLimit } from './paging.ts'
import { answerQuery } from './query.ts'
import type { LimitedOperation } from './rate-limits.ts'
import { checkId, toRecord, type GivenRecord, type StoredRecord } from './records.ts'
import { applyUpdate, parseUpdate } from './update.ts'

/** What the data plane of an index needs of its surroundings. */
export interface DataPlane {
  readonly index: IndexState
  now(): number
  /** How long a write is invisible. */
  visibilityLagMs(): number
  readonly namespacesPerIndex: number
  /** Refuses what is over a rate limit, where those are on. */
  limit(operation: LimitedOperation, namespace?: string): void
}

type Body = Readonly<Record<string, unknown>>

const MAX_WRITE_BYTES = 2 * 1024 * 1024
const MAX_RECORDS = 1_000

/** Vectors and namespaces of one index. */
export function handleData(plane: DataPlane, request: ReceivedRequest): Reply {
  if (plane.now() < plane.index.readyAtMs) return dataError(503, 'The index is not ready')
  const { method, path } = request
  const route = `${method} ${path}`
  if (route === 'GET /vectors/fetch') return fetchRecords(plane, request.query)
  if (route === 'GET /vectors/list') return list(plane, request.query)
  if (path.startsWith('/namespaces')) return handleNamespaces(plane, request)
  const handle = posts[route]
  if (!handle) return dataError(404, `There is no ${route}`)
  if (Buffer.byteLength(request.body) > MAX_WRITE_BYTES) {
    const size = Buffer.byteLength(request.body)
    throw refuse(`Request size ${size} exceeds the maximum supported size of ${MAX_WRITE_BYTES}`)
  }
  return handle(plane, asBody(request.json))
}

const posts: Readonly<Record<string, (plane: DataPlane, body: Body) => Reply>> = {
  'POST /vectors/upsert': upsert,
  'POST /query': (plane, body) => {
    const name = namespaceName(body['namespace'])
    plane.limit('query', name)
    return answerQuery(plane, name, body)
  },
  'POST /vectors/update': update,
  'POST /vectors/delete': remove,
  'POST /vectors/fetch_by_metadata': fetchByMetadata,
  'POST /describe_index_stats': stats,
}

function upsert(plane: DataPlane, { namespace, vectors }: Body): Reply {
  const name = namespaceName(namespace)
  plane.limit('upsert', name)
  const given = checkList(vectors, 'records')
  const records = given.map((each) => toRecord(each as GivenRecord, plane.index.dimension))
  const target = openNamespace(plane.index, name, plane.namespacesPerIndex)
  return written(plane, target, { upsertedCount: records.length }, (stored) => {
    for (const record of records) stored.set(record.id, record)
  })
}

function update(plane: DataPlane, body: Body): Reply {
  const name = namespaceName(body['namespace'])
  const { id, filter, change, isDryRun } = parseUpdate(body, plane.index.dimension)
  plane.limit(filter ? 'update by metadata' : 'update', name)
  const target = plane.index.namespaces.get(name)
  const matching = (records: ReadonlyMap<string, StoredRecord>) =>
    filter
      ? [...records.values()].filter(({ metadata }) => filter(metadata ?? {}))
      : [records.get(id ?? '')].filter((record) => record !== undefined)
  const answer = filter
    ? { matchedRecords: target ? matching(target.visible(plane.now())).length : 0 }
    : {}
  if (!target || isDryRun) return json(200, answer)
  return written(plane, target, answer, (stored) => {
    for (const record of matching(stored)) stored.set(record.id, applyUpdate(record, change))
  })
}

function remove(plane: DataPlane, body: Body): Reply {
  const { ids, filter, deleteAll } = body
  const name = namespaceName(body['namespace'])
  const given = [ids !== undefined, filter !== undefined, deleteAll === true].filter(Boolean)
  if (given.length !== 1) throw refuse('Exactly one of ids, filter and deleteAll must be given')
  plane.limit(filter === undefined ? 'delete' : 'delete by metadata', name)
  const write = deletion(ids, filter)
  const target = plane.index.namespaces.get(name)
  // The default namespace always exists; every other one only once something was written to it.
  if (!target && name !== namespaceName(undefined)) throw refuse('Namespace not found', 404)
  return target ? written(plane, target, {}, write) : json(200, {})
}

function deletion(ids: unknown, filter: unknown): Write {
  if (ids !== undefined) {
    const checked = checkList(ids, 'ids').map(checkId)
    return (stored) => checked.forEach((id) => stored.delete(id))
  }
  if (filter === undefined) return (stored) => stored.clear()
  const matches = compileFilter(filter)
  return (stored) => {
    for (const { id, metadata } of stored.values()) {
      if (matches(metadata ?? {})) stored.delete(id)
    }
  }
}

function fetchRecords(plane: DataPlane, query: URLSearchParams): Reply {
  plane.limit('fetch')
  const ids = checkList(query.getAll('ids'), 'ids').map(checkId)
  const name = namespaceName(query.get('namespace') ?? undefined)
  const records = plane.index.namespaces.get(name)?.visible(plane.now())
  const found = ids.map((id) => records?.get(id)).filter((record) => record !== undefined)
  return json(200, { vectors: byId(found), namespace: name, usage: { readUnits: 1 } })
}

function fetchByMetadata(plane: DataPlane, body: Body): Reply {
  plane.limit('fetch')
  const name = namespaceName(body['namespace'])
  const matches = compileFilter(body['filter'])
  const limit = pageLimit(body['limit'], { most: 10_000, usual: 100 })
  const token = body['paginationToken'] as string | undefined
  const records = sorted(plane.index.namespaces.get(name), plane.now())
  const matching = records.filter(({ metadata }) => matches(metadata ?? {}))
  const { items, ...rest } = page(matching, ({ id }) => id, { limit, token })
  return json(200, { vectors: byId(items), namespace: name, usage: { readUnits: 1 }, ...rest })
}

function list(plane: DataPlane, query: URLSearchParams): Reply {
  plane.limit('list')
  const name = namespaceName(query.get('namespace') ?? undefined)
  const limit = pageLimit(query.get('limit'), { most: 100, usual: 100 })
  const prefix = query.get('prefix') ?? ''
  const records = sorted(plane.index.namespaces.get(name), plane.now())
  const ids = records.map(({ id }) => id).filter((id) => id.startsWith(prefix))
  const token = query.get('paginationToken') ?? undefined
  const { items, ...rest } = page(ids, (id) => id, { limit, token })
  const vectors = items.map((id) => ({ id }))
  return json(200, { vectors, ...rest, namespace: name, usage: { readUnits: 1 } })
}

function stats(plane: DataPlane, { filter }: Body): Reply {
  plane.limit('describe index stats')
  if (Object.keys((filter as object | undefined) ?? {}).length > 0) {
    throw refuse(
      'Serverless and Starter indexes do not support describing index stats with metadata filtering',
    )
  }
  const { namespaces, dimension, metric } = plane.index
  const counts = [...namespaces].map(([name, namespace]) => {
    return [name, { vectorCount: namespace.visible(plane.now()).size }] as const
  })
  return json(200, {
    namespaces: Object.fromEntries(counts),
    dimension,
    indexFullness: 0,
    totalVectorCount: counts.reduce((sum, [, { vectorCount }]) => sum + vectorCount, 0),
    metric,
    vectorType: 'dense',
  })
}

function written(plane: DataPlane, target: Namespace, answer: object, write: Write): Reply {
  const nowMs = plane.now()
  const lsn = target.write(write, nowMs + plane.visibilityLagMs(), nowMs)
  return json(200, answer, { 'x-pinecone-request-lsn': `${lsn}` })
}

/** By id, compared as bytes; ids are ASCII. */
const sorted = (namespace: Namespace | undefined, nowMs: number): StoredRecord[] =>
  [...(namespace?.visible(nowMs).values() ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1))

const byId = (records: readonly StoredRecord[]) =>
  Object.fromEntries(
    records.map(({ id, values, sparseValues, metadata }) => {
      return [id, { id, values: [...values], sparseValues, metadata }]
    }),
  )

function checkList(list: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(list) || list.length === 0)
    throw refuse(`There must be at least one of ${what}`)
  if (list.length > MAX_RECORDS)
    throw refuse(`${list.length} ${what} exceed the limit of ${MAX_RECORDS}`)
  return list
}

function asBody(value: unknown): Body {
  if (typeof value === 'object' && value !== null) return value as Body
  throw refuse('The body must be a JSON object')
}
