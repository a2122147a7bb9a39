import { Errors } from '@pinecone-database/pinecone'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pineconeClient } from '../clients.ts'
import { assertContract } from '../contract.ts'
import { startPineconeEmulator, type PineconeEmulator } from '../pinecone.ts'

const records = [{ id: 'a', values: [1, 0] }]
const nearest = { vector: [1, 0], topK: 10 }

describe('namespaces of Pinecone', () => {
  let emulator: PineconeEmulator
  let host: string
  let index: ReturnType<ReturnType<typeof pineconeClient>['index']>

  beforeEach(async () => {
    emulator = await startPineconeEmulator()
    host = (await emulator.createIndex({ dimension: 2 })).host
    index = pineconeClient(emulator).index({ host })
  })
  afterEach(async () => {
    await emulator.close()
    assertContract(emulator)
  })

  it('hides the records of one namespace from all others', async () => {
    await index.namespace('u_ada').upsert({ records })
    expect((await index.namespace('u_ada').query(nearest)).matches).toHaveLength(1)
    const alan = index.namespace('u_alan')
    expect((await alan.query(nearest)).matches).toEqual([])
    expect((await alan.fetch({ ids: ['a'] })).records).toEqual({})
    expect((await alan.listPaginated()).vectors).toEqual([])
  })

  it('takes the empty namespace for the default one, which everybody shares', async () => {
    await index.namespace('').upsert({ records })
    expect((await index.query(nearest)).matches).toHaveLength(1)
    // The SDK names the default namespace by itself; others leave it out, or empty.
    for (const query of [nearest, { ...nearest, namespace: '' }]) {
      const response = await fetch(`${host}/query`, {
        method: 'POST',
        headers: {
          'api-key': emulator.apiKey,
          'x-pinecone-api-version': '2026-07',
          'content-type': 'application/json',
        },
        body: JSON.stringify(query),
      })
      expect(await response.json()).toMatchObject({ matches: [{ id: 'a' }] })
    }
    const { namespaces } = await index.describeIndexStats()
    expect(namespaces).toEqual({ __default__: { recordCount: 1 } })
  })

  it('makes a namespace with its first write, and answers a delete before that with 404', async () => {
    const ada = index.namespace('u_ada')
    for (const forget of [
      () => ada.deleteAll(),
      () => ada.deleteOne({ id: 'a' }),
      () => ada.deleteMany({ filter: { a: 'b' } }),
      () => index.deleteNamespace('u_ada'),
      () => index.describeNamespace('u_ada'),
    ]) {
      await expect(forget()).rejects.toThrow(Errors.PineconeNotFoundError)
    }
    await ada.upsert({ records })
    await ada.deleteAll()
    await ada.deleteAll()
    const kept = await index.describeNamespace('u_ada')
    expect(kept).toMatchObject({ name: 'u_ada', recordCount: '0' })
    await index.deleteNamespace('u_ada')
    await expect(ada.deleteAll()).rejects.toThrow(Errors.PineconeNotFoundError)
  })

  it('forgives a delete in the default namespace, which always exists', async () => {
    await expect(index.deleteAll()).resolves.toBeUndefined()
  })

  it('lists namespaces page by page, and counts in text', async () => {
    for (const name of ['u_b', 'u_a', 'u_c', 'v']) {
      await index.namespace(name).upsert({ records })
    }
    const first = await index.listNamespaces({ prefix: 'u_', limit: 2 })
    expect(first.namespaces?.map(({ name }) => name)).toEqual(['u_a', 'u_b'])
    expect(first).toMatchObject({ totalCount: 3, namespaces: [{ recordCount: '1' }, {}] })
    const paginationToken = first.pagination!.next
    const last = await index.listNamespaces({ prefix: 'u_', limit: 2, paginationToken })
    expect(last.namespaces?.map(({ name }) => name)).toEqual(['u_c'])
    expect(last.pagination).toBeUndefined()
  })

  it('makes a namespace on request, once', async () => {
    await index.createNamespace({ name: 'u/ada?#&' })
    expect(await index.describeNamespace('u/ada?#&')).toMatchObject({ recordCount: '0' })
    await expect(index.createNamespace({ name: 'u/ada?#&' })).rejects.toThrow(
      Errors.PineconeConflictError,
    )
  })
})
