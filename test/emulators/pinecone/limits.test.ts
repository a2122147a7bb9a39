import { Errors } from '@pinecone-database/pinecone'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pineconeClient } from '../clients.ts'
import { assertContract } from '../contract.ts'
import { startPineconeEmulator, type PineconeEmulator } from '../pinecone.ts'

type Index = ReturnType<ReturnType<typeof pineconeClient>['index']>

const record = (more: object = {}) => ({ id: 'a', values: [1, 0], ...more })
const metadata = (value: object) => record({ metadata: value })

describe('limits of Pinecone', () => {
  let emulator: PineconeEmulator
  let host: string
  let name: string

  beforeEach(async () => {
    emulator = await startPineconeEmulator({ namespacesPerIndex: 2 })
    const made = await emulator.createIndex({ dimension: 2 })
    host = made.host
    name = made.name
  })
  afterEach(async () => {
    await emulator.close()
    assertContract(emulator)
  })

  const upsert = (...records: object[]) =>
    pineconeClient(emulator)
      .index({ host, namespace: 'u_ada' })
      .upsert({ records: records as never })

  /** Sent by the SDK without a word; `breach` says whether the published contract forbids it already. */
  const refused: [what: string, records: object[], message: string, breach: boolean][] = [
    ['another dimension', [record({ values: [1, 0, 0] })], 'dimension 3 does not match', false],
    ['a vector of zeros', [record({ values: [0, 1e-9] })], 'at least one non-zero value', false],
    ['NaN', [record({ values: [Number.NaN, 1] })], 'finite numbers', true],
    ['a Float32Array', [record({ values: new Float32Array([1, 0]) })], 'finite numbers', true],
    ['an id beyond ASCII', [record({ id: 'zoë' })], 'must be ASCII', true],
    ['an id of 513 characters', [record({ id: 'x'.repeat(513) })], 'longer than 512', true],
    ['null in metadata', [metadata({ tag: null })], "got 'null' for field 'tag'", true],
    ['nested metadata', [metadata({ tag: { a: 1 } })], "for field 'tag'", true],
    ['a list of numbers', [metadata({ tag: [1, 2] })], "for field 'tag'", true],
    ['a name with $', [metadata({ $tag: 'x' })], "must not start with '$'", false],
    [
      '40 KB of metadata',
      [metadata({ t: 'x'.repeat(40_960) })],
      'exceeds the limit of 40960',
      false,
    ],
    [
      '1,001 records',
      Array.from({ length: 1_001 }, () => record()),
      'records exceed the limit of 1000',
      true,
    ],
    [
      '2 MB',
      Array.from({ length: 60 }, () => metadata({ t: 'x'.repeat(36_000) })),
      'exceeds the maximum supported size',
      false,
    ],
    [
      'sparse values without their indices',
      [record({ sparseValues: { indices: [1], values: [1, 1] } })],
      'must have the same length',
      false,
    ],
    [
      'the same sparse index twice',
      [record({ sparseValues: { indices: [1, 1], values: [1, 1] } })],
      'must be unique',
      false,
    ],
  ]

  it.each(refused)('refuses %s, and nothing of the request is kept', async (...row) => {
    const [, records, message, breach] = row
    await expect(upsert(...records)).rejects.toThrow(Errors.PineconeBadRequestError)
    await expect(upsert({ id: 'good', values: [1, 1] }, ...records)).rejects.toThrow(message)
    expect(emulator.stored(name)).toEqual([])
    expect(emulator.takeViolations().length > 0).toBe(breach)
  })

  it('takes metadata of 40 KB less a little, and 1,000 records', async () => {
    const thousand = Array.from({ length: 1_000 }, (_, i) => record({ id: `r${i}` }))
    await upsert(...thousand)
    await upsert(metadata({ t: 'x'.repeat(40_900) }))
    expect(emulator.stored(name)).toHaveLength(1_001)
  })

  const misused: [what: string, call: (index: Index) => Promise<unknown>, breach: boolean][] = [
    ['a topK of 10,001', (index) => index.query({ vector: [1, 0], topK: 10_001 }), true],
    [
      'an unknown operator',
      (index) => index.query({ vector: [1, 0], topK: 1, filter: { a: { $like: 'b' } } }),
      false,
    ],
    // The old form, which the SDK sends on as a namespace and nothing else.
    ['deleteMany of a bare list', (index) => index.deleteMany(['a'] as never), true],
    ['stats by a filter', (index) => statsByFilter(index), false],
    ['a namespace beyond ASCII', (index) => queryIn(index, 'zoë'), false],
  ]

  it.each(misused)('refuses %s', async (_, call, breach) => {
    await upsert(record())
    const index = pineconeClient(emulator).index({ host, namespace: 'u_ada' })
    await expect(call(index)).rejects.toThrow(Errors.PineconeBadRequestError)
    expect(emulator.takeViolations().length > 0).toBe(breach)
  })

  it('refuses results over 4 MB', async () => {
    for (let batch = 0; batch < 3; batch++) {
      const many = Array.from({ length: 45 }, (_, i) => {
        return { ...metadata({ t: 'x'.repeat(40_000) }), id: `r${batch}-${i}` }
      })
      await upsert(...many)
    }
    const index = pineconeClient(emulator).index({ host, namespace: 'u_ada' })
    const query = { vector: [1, 0], topK: 200 }
    expect((await index.query(query)).matches).toHaveLength(135)
    await expect(index.query({ ...query, includeMetadata: true })).rejects.toThrow('4194304 bytes')
  })

  it('refuses one namespace more than the plan has', async () => {
    const client = pineconeClient(emulator)
    const upsertAs = (namespace: string) =>
      client.index({ host, namespace }).upsert({ records: [record()] })
    await upsertAs('u_ada')
    await upsertAs('u_alan')
    await expect(upsertAs('u_grace')).rejects.toThrow('QUOTA_EXCEEDED')
    await upsertAs('u_ada')
  })

  it('refuses the sixth update by metadata and the hundred and first query of a second', async () => {
    let nowMs = 1_000_000
    await using limited = await startPineconeEmulator({ rateLimits: true, now: () => nowMs })
    const made = await limited.createIndex({ dimension: 2 })
    const ada = pineconeClient(limited).index({ host: made.host, namespace: 'u_ada' })
    await ada.upsert({ records: [record({ metadata: { last: true } })] })
    const unmark = () => ada.update({ filter: { last: true }, metadata: { last: false } })
    for (let i = 0; i < 5; i++) await unmark()
    await expect(unmark()).rejects.toThrow('429')
    const query = () => ada.query({ vector: [1, 0], topK: 1 })
    for (let i = 0; i < 100; i++) await query()
    await expect(query()).rejects.toThrow(Errors.PineconeUnmappedHttpError)
    nowMs += 1_000
    await unmark()
    await query()
  })
})

const queryIn = (index: Index, namespace: string) =>
  index.namespace(namespace).query({ vector: [1, 0], topK: 1 })

const statsByFilter = (index: Index) => index.describeIndexStats({ filter: { a: 'b' } })
