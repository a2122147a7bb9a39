import { Errors } from '@pinecone-database/pinecone'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pineconeClient } from '../clients.ts'
import { assertContract } from '../contract.ts'
import { startPineconeEmulator, type PineconeEmulator } from '../pinecone.ts'

describe('data plane of Pinecone', () => {
  let emulator: PineconeEmulator
  let index: ReturnType<typeof open>
  let name: string
  let host: string

  const open = (host: string) => pineconeClient(emulator).index({ host })

  beforeEach(async () => {
    emulator = await startPineconeEmulator()
    const made = await emulator.createIndex({ dimension: 2 })
    name = made.name
    host = made.host
    index = open(made.host)
  })
  afterEach(async () => {
    await emulator.close()
    assertContract(emulator)
  })

  it('keeps, finds, fetches, changes and deletes records', async () => {
    const ada = index.namespace('u_ada')
    await ada.upsert({
      records: [
        { id: 'a', values: [1, 0], metadata: { text: 'tea', tags: ['drink'], n: 1 } },
        { id: 'b', values: [0, 1], metadata: { text: 'car', tags: ['thing'], n: 2 } },
      ],
    })
    const query = { vector: [1, 0.5], topK: 10 }
    expect(await ada.query(query)).toEqual({
      matches: [
        { id: 'a', score: 1, values: [] },
        { id: 'b', score: 0.5, values: [] },
      ],
      namespace: 'u_ada',
      usage: { readUnits: 1 },
    })
    const drinks = { ...query, filter: { tags: 'drink' }, includeMetadata: true }
    const { matches } = await ada.query({ ...drinks, includeValues: true })
    expect(matches).toEqual([
      { id: 'a', score: 1, values: [1, 0], metadata: { text: 'tea', tags: ['drink'], n: 1 } },
    ])
    const { records } = await ada.fetch({ ids: ['b', 'missing'] })
    expect(Object.keys(records)).toEqual(['b'])

    await ada.update({ id: 'a', metadata: { n: 3 } })
    await ada.update({ id: 'missing', metadata: { n: 3 } })
    await ada.update({ filter: { text: { $eq: 'car' } }, metadata: { n: 4 } })
    expect(emulator.stored(name).map(({ metadata }) => metadata)).toEqual([
      { text: 'tea', tags: ['drink'], n: 3 },
      { text: 'car', tags: ['thing'], n: 4 },
    ])

    await ada.deleteMany({ filter: { n: { $gte: 4 } } })
    expect(emulator.stored(name).map(({ id }) => id)).toEqual(['a'])
    await ada.deleteOne({ id: 'a' })
    expect(emulator.stored(name)).toEqual([])
  })

  it('adds the sparse part of a hybrid query to the dense one', async () => {
    const ada = index.namespace('u_ada')
    const sparse = (value: number) => ({ indices: [7, 4_000_000_000], values: [value, 1] })
    await ada.upsert({
      records: [
        { id: 'dense', values: [1, 0] },
        { id: 'both', values: [0.5, 0], sparseValues: sparse(2) },
      ],
    })
    const { matches } = await ada.query({
      vector: [1, 0],
      sparseVector: { indices: [7, 8], values: [0.5, 9] },
      topK: 2,
    })
    expect(matches.map(({ id, score }) => [id, score])).toEqual([
      ['both', 1.5],
      ['dense', 1],
    ])
    await expect(
      ada.query({ sparseVector: { indices: [7], values: [1] }, topK: 2 } as never),
    ).rejects.toThrow(Errors.PineconeBadRequestError)
  })

  it('takes sparse values into a cosine index, and refuses only the query', async () => {
    const made = await emulator.createIndex({ dimension: 2, metric: 'cosine' })
    const ada = open(made.host).namespace('u_ada')
    const sparse = { indices: [7], values: [1] }
    await ada.upsert({ records: [{ id: 'a', values: [3, 4], sparseValues: sparse }] })
    expect((await ada.query({ vector: [6, 8], topK: 1 })).matches[0]?.score).toBeCloseTo(1, 6)
    await expect(ada.query({ vector: [6, 8], sparseVector: sparse, topK: 1 })).rejects.toThrow(
      'does not support sparse values',
    )
  })

  it('puts the smallest distance first in a euclidean index', async () => {
    const made = await emulator.createIndex({ dimension: 2, metric: 'euclidean' })
    const ada = open(made.host).namespace('u_ada')
    const far = { id: 'far', values: [3, 4] }
    await ada.upsert({ records: [far, { id: 'near', values: [1, 1] }] })
    const { matches } = await ada.query({ vector: [0, 0.1], topK: 2 })
    expect(matches.map(({ id }) => id)).toEqual(['near', 'far'])
  })

  it('gives the very best of many, equals by id', async () => {
    const ada = index.namespace('u_ada')
    const records = Array.from({ length: 500 }, (_, i) => {
      return { id: `r${String(i).padStart(3, '0')}`, values: [(i * 37) % 500 < 250 ? 1 : 2, 1] }
    })
    await ada.upsert({ records: records.toReversed() })
    const { matches } = await ada.query({ vector: [1, 0], topK: 5 })
    const best = records.filter(({ values }) => values[0] === 2).slice(0, 5)
    expect(matches.map(({ id }) => id)).toEqual(best.map(({ id }) => id))
  })

  it('searches by the vector of a record, and finds nothing for one that is not there', async () => {
    const ada = index.namespace('u_ada')
    await ada.upsert({ records: [{ id: 'a', values: [1, 0] }] })
    expect((await ada.query({ id: 'a', topK: 3 })).matches).toHaveLength(1)
    expect((await ada.query({ id: 'b', topK: 3 })).matches).toEqual([])
  })

  it('lists ids page by page in the order of their bytes', async () => {
    const ada = index.namespace('u_ada')
    const ids = ['a#2', 'a#10', 'B', 'a#1', 'other']
    await ada.upsert({ records: ids.map((id) => ({ id, values: [1, 0] })) })
    const first = await ada.listPaginated({ prefix: 'a#', limit: 2 })
    expect(first.vectors?.map(({ id }) => id)).toEqual(['a#1', 'a#10'])
    const paginationToken = first.pagination!.next
    const last = await ada.listPaginated({ prefix: 'a#', limit: 2, paginationToken })
    expect(last.vectors?.map(({ id }) => id)).toEqual(['a#2'])
    expect(last.pagination).toBeUndefined()
  })

  it('fetches by metadata page by page', async () => {
    const ada = index.namespace('u_ada')
    const records = ['a', 'b', 'c'].map((id) => ({ id, values: [1, 0], metadata: { kind: 'x' } }))
    await ada.upsert({ records })
    const filter = { kind: 'x' }
    const first = await ada.fetchByMetadata({ filter, limit: 2 })
    expect(Object.keys(first.records)).toEqual(['a', 'b'])
    const paginationToken = first.pagination!.next
    const last = await ada.fetchByMetadata({ filter, limit: 2, paginationToken })
    expect(Object.keys(last.records)).toEqual(['c'])
    expect(last.pagination).toBeUndefined()
  })

  it('keeps values in 32 bits', async () => {
    const ada = index.namespace('u_ada')
    const sparseValues = { indices: [7], values: [0.1] }
    await ada.upsert({ records: [{ id: 'a', values: [0.1, 0.2], sparseValues }] })
    const kept = {
      id: 'a',
      values: [Math.fround(0.1), Math.fround(0.2)],
      sparseValues: { indices: [7], values: [Math.fround(0.1)] },
    }
    expect((await ada.fetch({ ids: ['a'] })).records).toEqual({ a: kept })
    const query = { vector: [1, 0], topK: 1 }
    expect((await ada.query({ ...query, includeValues: true })).matches).toMatchObject([kept])
    expect((await ada.query(query)).matches[0]).toEqual({
      id: 'a',
      score: Math.fround(0.1),
      values: [],
    })
  })

  it('only counts what a dry run of an update would change', async () => {
    const ada = index.namespace('u_ada')
    await ada.upsert({ records: [{ id: 'a', values: [1, 0], metadata: { n: 1 } }] })
    const update = (more: object) =>
      fetch(`${host}/vectors/update`, {
        method: 'POST',
        headers: {
          'api-key': emulator.apiKey,
          'x-pinecone-api-version': '2026-07',
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          namespace: 'u_ada',
          filter: { n: 1 },
          setMetadata: { n: 2 },
          ...more,
        }),
      }).then((response) => response.json())
    expect(await update({ dryRun: true })).toEqual({ matchedRecords: 1 })
    expect(await update({})).toEqual({ matchedRecords: 1 })
    expect(await update({})).toEqual({ matchedRecords: 0 })
  })

  it('has no route behind a doubled slash', async () => {
    const made = await emulator.createIndex({ dimension: 2 })
    const slashed = open(`${made.host}/`).namespace('u_ada')
    await expect(slashed.query({ vector: [1, 0], topK: 1 })).rejects.toThrow(
      Errors.PineconeNotFoundError,
    )
    expect(emulator.takeViolations().map(({ problem }) => problem)).toEqual(['no such operation'])
  })

  it('cannot be asked for a thousand long ids at once', async () => {
    const ids = Array.from({ length: 1_000 }, (_, i) => `${'long'.repeat(15)}${i}`)
    await expect(index.namespace('u_ada').fetch({ ids })).rejects.toThrow('431')
  })
})
