import type { ReceivedRequest } from '../received.ts'
import { json, type Reply } from '../reply.ts'
import type { DataPlane } from './data.ts'
import { dataError, refuse } from './errors.ts'
import { namespaceName, openNamespace } from './index-state.ts'
import type { Namespace } from './namespace.ts'
import { page, pageLimit } from './paging.ts'

/** `/namespaces` and `/namespaces/{name}`. */
export function handleNamespaces(plane: DataPlane, request: ReceivedRequest): Reply {
  const { method, path } = request
  if (path === '/namespaces') {
    if (method === 'GET') return list(plane, request.query)
    if (method === 'POST') return create(plane, request.json)
  }
  const encoded = /^\/namespaces\/([^/]+)$/.exec(path)?.[1]
  if (encoded === undefined) return dataError(404, `There is no ${method} ${path}`)
  const name = namespaceName(decodeURIComponent(encoded))
  const namespace = plane.index.namespaces.get(name)
  if (!namespace) throw refuse('Namespace not found', 404)
  if (method === 'GET') return json(200, describe(plane, name, namespace))
  if (method !== 'DELETE') return dataError(405, `There is no ${method} ${path}`)
  plane.index.namespaces.delete(name)
  return json(200, {})
}

function list(plane: DataPlane, query: URLSearchParams): Reply {
  const prefix = query.get('prefix') ?? ''
  const limit = pageLimit(query.get('limit'), { most: 100, usual: 100 })
  const token = query.get('paginationToken') ?? undefined
  const names = [...plane.index.namespaces.keys()].filter((name) => name.startsWith(prefix)).sort()
  const { items, ...rest } = page(names, (name) => name, { limit, token })
  const namespaces = items.map((name) => describe(plane, name, plane.index.namespaces.get(name)!))
  return json(200, { namespaces, ...rest, total_count: names.length })
}

function create(plane: DataPlane, body: unknown): Reply {
  const { name: given } = (body ?? {}) as { name?: unknown }
  const name = namespaceName(given)
  if (name === namespaceName(undefined) || plane.index.namespaces.has(name)) {
    throw refuse(`Namespace ${name} already exists`, 409)
  }
  return json(
    200,
    describe(plane, name, openNamespace(plane.index, name, plane.namespacesPerIndex)),
  )
}

/** Counts are 64-bit, so the service writes them as text. */
function describe(plane: DataPlane, name: string, namespace: Namespace) {
  const records = [...namespace.visible(plane.now()).values()]
  const bytes = records.reduce(
    (sum, { id, values, metadataJson }) =>
      sum + id.length + values.byteLength + (metadataJson?.length ?? 0),
    0,
  )
  return { name, record_count: `${records.length}`, size_bytes: `${bytes}` }
}
