import { describe, expect, it } from 'vitest'
import { startPineconeEmulator } from '../../../test/emulators/pinecone.ts'
import type { ReceivedRequest } from '../../../test/emulators/received.ts'
import { callEveryMethod } from '../../../test/fixtures/every-method.ts'
import { openPineconeStore } from '../../../test/fixtures/pinecone-store.ts'
import type { UserId } from '../memory.ts'
import { type Isolation, SHARED_NAMESPACE } from './user-records.ts'

/** Whatever is asked of Pinecone below forUser() is bound to that user: by its namespace, else by filter or id. */

const alan = 'alan' as UserId
const now = new Date('2026-03-01T12:00:00Z')

interface Asked {
  readonly namespace?: string
  readonly filter?: unknown
  readonly id?: string
  readonly ids?: readonly string[]
  readonly vectors?: readonly { readonly id: string }[]
}

/** What a request of the data plane is about; undefined for one of the control plane. */
function askedBy({ path, method, query, json }: ReceivedRequest): Asked | undefined {
  if (path.startsWith('/indexes') || path === '/describe_index_stats') return undefined
  const [, namespace] = /^\/namespaces\/(.+)$/.exec(path) ?? []
  if (namespace !== undefined && method === 'DELETE') return { namespace }
  if (method !== 'GET') return json as Asked
  return { namespace: query.get('namespace') ?? '', ids: query.getAll('ids') }
}

const boundBy: Record<Isolation, (asked: Asked) => boolean> = {
  namespace: ({ namespace }) => namespace === 'u_alan',
  metadata({ namespace, filter, id, ids, vectors }) {
    if (namespace !== SHARED_NAMESPACE) return false
    const named = [id, ...(ids ?? []), ...(vectors ?? []).map((vector) => vector.id)]
    const known = named.filter((one) => one !== undefined)
    const own = JSON.stringify({ user_id: { $eq: alan } })
    if (known.length > 0) return known.every((one) => one.startsWith('alan:'))
    const { $and: both } = (filter ?? {}) as { $and?: readonly unknown[] }
    return JSON.stringify(both?.[0] ?? filter) === own
  },
}

describe.each(['namespace', 'metadata'] as const)(
  'calls of Pinecone, users apart by %s',
  (isolation) => {
    it('each say whose they are', async () => {
      const emulator = await startPineconeEmulator()
      const store = openPineconeStore({ emulator, file: undefined, isolation })
      await callEveryMethod(store.forUser(alan), { now, dimension: 8 })
      await store.close()
      const asked = emulator
        .requests(() => true)
        .map(askedBy)
        .filter((one) => one !== undefined)
      await emulator.close()
      expect(asked.length).toBeGreaterThan(20)
      expect(asked.filter((one) => !boundBy[isolation](one))).toEqual([])
    })
  },
)
