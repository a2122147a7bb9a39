import { Errors, Pinecone } from '@pinecone-database/pinecone'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assertContract } from '../contract.ts'
import { startPineconeEmulator, type PineconeEmulator } from '../pinecone.ts'

const record = (id: string, more: object = {}) => ({ id, values: [1, 0], ...more })
const nearest = { vector: [1, 0], topK: 10 }

describe('consistency of Pinecone', () => {
  let emulator: PineconeEmulator
  let ada: ReturnType<ReturnType<Pinecone['index']>['namespace']>
  let name: string
  let nowMs: number
  let headers: Headers[]

  beforeEach(async () => {
    nowMs = 0
    headers = []
    emulator = await startPineconeEmulator({ visibilityLagMs: 10_000, now: () => nowMs })
    const made = await emulator.createIndex({ dimension: 2 })
    name = made.name
    const pinecone = new Pinecone({
      apiKey: emulator.apiKey,
      async fetchApi(url, init) {
        const response = await fetch(url, init)
        headers.push(response.headers)
        return response
      },
    })
    ada = pinecone.index({ host: made.host, namespace: 'u_ada' })
  })
  afterEach(async () => {
    await emulator.close()
    assertContract(emulator)
  })

  const found = async () => (await ada.query(nearest)).matches.map(({ id }) => id).sort()
  const lsn = (header: string) => headers.at(-1)?.get(header)

  it('shows a write to no read before its time, though it is acknowledged', async () => {
    await ada.upsert({ records: [record('a')] })
    expect(await found()).toEqual([])
    expect((await ada.fetch({ ids: ['a'] })).records).toEqual({})
    expect((await ada.listPaginated()).vectors).toEqual([])
    expect(await ada.describeIndexStats()).toMatchObject({ totalRecordCount: 0 })
    expect(emulator.stored(name).map(({ id }) => id)).toEqual(['a'])
    nowMs = 9_999
    expect(await found()).toEqual([])
    nowMs = 10_000
    expect(await found()).toEqual(['a'])
  })

  it('numbers writes by namespace, and says with a query how far it sees', async () => {
    await ada.upsert({ records: [record('a')] })
    expect(lsn('x-pinecone-request-lsn')).toBe('1')
    nowMs = 5_000
    await ada.deleteOne({ id: 'a' })
    expect(lsn('x-pinecone-request-lsn')).toBe('2')
    nowMs = 10_000
    await found()
    expect(lsn('x-pinecone-max-indexed-lsn')).toBe('1')
    nowMs = 15_000
    await found()
    expect(lsn('x-pinecone-max-indexed-lsn')).toBe('2')
  })

  it('applies writes in the order of the log, so that a late delete does not lose to an early upsert', async () => {
    await ada.upsert({ records: [record('a', { metadata: { last: true } }), record('b')] })
    await ada.update({ filter: { last: true }, metadata: { last: false } })
    await ada.deleteOne({ id: 'b' })
    emulator.settle()
    expect(await found()).toEqual(['a'])
    expect(emulator.stored(name)).toMatchObject([{ id: 'a', metadata: { last: false } }])
  })

  it('shows everything after settle, and nothing further when the lag has no end', async () => {
    emulator.settings.visibilityLagMs = Infinity
    await ada.upsert({ records: [record('a')] })
    nowMs = 1e12
    expect(await found()).toEqual([])
    emulator.settle()
    expect(await found()).toEqual(['a'])
    await ada.upsert({ records: [record('b')] })
    expect(await found()).toEqual(['a'])
  })

  it('keeps what is stored while it is down', async () => {
    emulator.settings.visibilityLagMs = 0
    await ada.upsert({ records: [record('a')] })
    await emulator.goDown()
    await expect(found()).rejects.toThrow(Errors.PineconeConnectionError)
    await emulator.comeBack()
    expect(await found()).toEqual(['a'])
  })
})
