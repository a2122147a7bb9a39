import { Errors } from '@pinecone-database/pinecone'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pineconeClient } from '../clients.ts'
import { assertContract } from '../contract.ts'
import { startPineconeEmulator, type PineconeEmulator } from '../pinecone.ts'

const serverless = { serverless: { cloud: 'aws', region: 'eu-west-1' } } as const
const memories = { name: 'memories', dimension: 4, metric: 'dotproduct', spec: serverless } as const

describe('control plane of Pinecone', () => {
  let emulator: PineconeEmulator
  let pinecone: ReturnType<typeof pineconeClient>

  beforeEach(async () => {
    emulator = await startPineconeEmulator()
    pinecone = pineconeClient(emulator)
  })
  afterEach(async () => {
    await emulator.close()
    assertContract(emulator)
  })

  it('makes, describes, lists, configures and deletes an index', async () => {
    const made = await pinecone.indexes.create({ ...memories, tags: { embedder: 'a', owner: 'b' } })
    expect(made).toMatchObject({ name: 'memories', dimension: 4, metric: 'dotproduct' })
    expect(await pinecone.indexes.describe('memories')).toMatchObject({
      deployment: { cloud: 'aws', region: 'eu-west-1' },
      schema: { fields: { _values: { dimension: 4 }, _sparse_values: { type: 'sparse_vector' } } },
      tags: { embedder: 'a', owner: 'b' },
    })
    await pinecone.indexes.configure('memories', { tags: { embedder: 'c', owner: '' } })
    const { indexes } = await pinecone.indexes.list()
    expect(indexes?.map(({ name, tags }) => ({ name, tags }))).toEqual([
      { name: 'memories', tags: { embedder: 'c' } },
    ])
    await pinecone.indexes.delete('memories')
    expect(emulator.received.map(({ method, path, status }) => [method, path, status])).toEqual([
      ['POST', '/indexes', 201],
      ['GET', '/indexes/memories', 200],
      ['PATCH', '/indexes/memories', 200],
      ['GET', '/indexes', 200],
      ['DELETE', '/indexes/memories', 202],
    ])
  })

  it('gives each index a host of its own, with the scheme and without a private one', async () => {
    const { host, privateHost } = await pinecone.indexes.create(memories)
    expect(host).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(host).not.toBe(emulator.url)
    expect(privateHost).toBeUndefined()
    await pinecone.indexes.delete('memories')
    await expect(fetch(host)).rejects.toThrow('fetch failed')
  })

  it('shows an index that is initializing without a schema, until it is ready', async () => {
    emulator.settings.readyDelayMs = Infinity
    const made = await pinecone.indexes.create(memories)
    expect(made.status).toEqual({ ready: false, state: 'Initializing' })
    expect(() => made.dimension).toThrow(Errors.PineconeIndexPropertyError)
    const index = pinecone.index({ host: made.host })
    await expect(index.describeIndexStats()).rejects.toThrow(Errors.PineconeMaxRetriesExceededError)
    emulator.makeReady()
    expect(await pinecone.indexes.describe('memories')).toMatchObject({
      status: { ready: true, state: 'Ready' },
      dimension: 4,
    })
    expect(await index.describeIndexStats()).toMatchObject({ totalRecordCount: 0 })
  })

  it('knows no other key, and says so in plain text', async () => {
    const stranger = pineconeClient({ url: emulator.url, apiKey: 'pcsk_other' })
    await expect(stranger.indexes.list()).rejects.toThrow(Errors.PineconeAuthorizationError)
    const { host } = await emulator.createIndex()
    const index = stranger.index({ host })
    await expect(index.describeIndexStats()).rejects.toThrow(Errors.PineconeAuthorizationError)
    expect(emulator.received.map(({ status }) => status)).toEqual([401, 401])
  })

  it.each([
    ['a name that is taken', memories, Errors.PineconeConflictError],
    ['a name in capitals', { ...memories, name: 'Memories' }, Errors.PineconeBadRequestError],
  ])('refuses %s', async (_, options, error) => {
    await pinecone.indexes.create(memories)
    await expect(pinecone.indexes.create(options)).rejects.toThrow(error)
  })

  it('refuses to delete what is protected, and what is not there', async () => {
    await pinecone.indexes.create({ ...memories, deletionProtection: 'enabled' })
    const deletion = () => pinecone.indexes.delete('memories')
    await expect(deletion()).rejects.toThrow(Errors.PineconeBadRequestError)
    await pinecone.indexes.configure('memories', { deletionProtection: 'disabled' })
    await deletion()
    await expect(deletion()).rejects.toThrow(Errors.PineconeNotFoundError)
  })

  it('has its own key, so that the host cache of the SDK cannot mix up two emulators', async () => {
    await using other = await startPineconeEmulator()
    const upsertTo = async (target: PineconeEmulator) => {
      await target.createIndex({ name: 'same', dimension: 2 })
      const index = pineconeClient(target).index({ name: 'same', namespace: 'u_ada' })
      await index.upsert({ records: [{ id: 'a', values: [1, 0] }] })
    }
    await upsertTo(emulator)
    await upsertTo(other)
    expect(emulator.stored('same')).toHaveLength(1)
    expect(other.stored('same')).toHaveLength(1)
  })
})
