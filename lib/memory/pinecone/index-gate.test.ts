import { afterEach, describe, expect, it } from 'vitest'
import { said } from '../../../test/conformance/memory-store/suite.ts'
import { assertContract } from '../../../test/emulators/contract.ts'
import { type PineconeEmulator, startPineconeEmulator } from '../../../test/emulators/pinecone.ts'
import { openPineconeStore } from '../../../test/fixtures/pinecone-store.ts'
import type { UserId } from '../memory.ts'
import type { PineconeMemoryStore, PineconeMemoryStoreOptions } from '../pinecone.ts'

const ada = 'ada' as UserId
const cleaning: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleaning.splice(0).reverse()) await clean()
})

async function start(options: Parameters<typeof startPineconeEmulator>[0] = {}) {
  const emulator = await startPineconeEmulator(options)
  cleaning.push(async () => {
    await emulator.close()
    assertContract(emulator)
  })
  return emulator
}

function open(
  emulator: PineconeEmulator,
  options: Partial<PineconeMemoryStoreOptions> = {},
): PineconeMemoryStore {
  const upstream = { retries: 0, breakMs: 50 }
  const store = openPineconeStore({ emulator, file: undefined }, { upstream, ...options })
  cleaning.push(() => store.close())
  return store
}

const save = (store: PineconeMemoryStore) =>
  store.forUser(ada).save([{ memory: said('I only drink tea') }])

describe('the index', () => {
  it('is made when it is missing, as it must be, and made once', async () => {
    const emulator = await start()
    const [one, two] = [open(emulator), open(emulator)]
    await Promise.all([one.start(), two.start()])
    expect(await save(one)).toBe('stored')
    expect(await save(two)).toBe('stored')
    const made = emulator.requests('POST /indexes').filter(({ status }) => status === 201)
    expect(made.map(({ json }) => json)).toMatchObject([
      {
        name: 'memories',
        deployment: { cloud: 'aws', region: 'us-east-1' },
        schema: { fields: { _values: { dimension: 8, metric: 'dotproduct' } } },
        tags: { embedder: 'test-8' },
      },
    ])
  })

  it('has connections of its own before the start is over', async () => {
    const emulator = await start()
    const store = open(emulator)
    await store.start()
    const opened = emulator.connections()
    expect(opened).toBeGreaterThanOrEqual(4)
    const memories = store.forUser(ada)
    await Promise.all([
      memories.speakers(),
      memories.pinned({ limit: 9 }),
      memories.conversation('default', { limit: 9 }),
      memories.turn('nobody’s'),
    ])
    expect(emulator.connections()).toBe(opened)
  })

  it('is taken as made when the answer to making it is lost', async () => {
    const emulator = await start()
    emulator.fail('POST /indexes', { kind: 'apply-then', fault: { kind: 'status', status: 500 } })
    const store = open(emulator)
    await store.start()
    await expect.poll(() => save(store).catch(() => 'not yet')).toBe('stored')
  })

  it('is waited for while it is being made, and said to be', async () => {
    const emulator = await start({ readyDelayMs: Infinity })
    const store = open(emulator)
    await store.start()
    await expect(save(store)).rejects.toMatchObject({
      status: 503,
      message: expect.stringContaining('being made') as string,
    })
    emulator.makeReady()
    await expect.poll(() => save(store).catch(() => 'not yet'), { timeout: 5_000 }).toBe('stored')
  })

  it.each([
    [{ dimension: 16 }, 'dimension 16', 'test-8 makes vectors of 8'],
    [{ dimension: 8, metric: 'cosine' as const }, 'metric cosine', 'dotproduct'],
    [{ dimension: 8, tags: { embedder: 'other-8' } }, 'vectors of other-8', 'embedder is test-8'],
  ])('that does not fit stops the start, and tells both sides: %j', async (index, ...sides) => {
    const emulator = await start()
    await emulator.createIndex({ name: 'memories', ...index })
    const store = open(emulator)
    const refusal = await store.start().catch((error: unknown) => error)
    expect(refusal).toMatchObject({ name: 'WrongIndexError' })
    for (const side of [...sides, 'Set PINECONE_INDEX to another name']) {
      expect((refusal as Error).message).toContain(side)
    }
    expect(await store.status()).toMatchObject({ status: 'error', pinecone: 'error' })
    await expect(save(store)).rejects.toMatchObject({ name: 'WrongIndexError' })
  })

  it('that turns out not to fit after Pinecone was away is told of', async () => {
    const emulator = await start()
    await emulator.createIndex({ name: 'memories', dimension: 16 })
    await emulator.goDown()
    const { promise: told, resolve } = Promise.withResolvers<Error>()
    const store = open(emulator, { onWrongIndex: resolve })
    await store.start() // Being away stops nothing.
    await emulator.comeBack()
    expect((await told).message).toContain('dimension 16')
  })

  it('made by hand gets the tag of the embedder', async () => {
    const emulator = await start()
    await emulator.createIndex({ name: 'memories', dimension: 8 })
    await open(emulator).start()
    expect(emulator.requests('PATCH /indexes/memories').map(({ json }) => json)).toMatchObject([
      { tags: { embedder: 'test-8' } },
    ])
    const other = open(emulator, { embedderName: 'organisation/other' })
    await expect(other.start()).rejects.toThrow('the embedder is organisation/other')
  })

  it('is reached whatever slash its addresses end in', async () => {
    const emulator = await start()
    const store = open(emulator, { controllerUrl: `${emulator.url}/` })
    expect(await save(store)).toBe('stored')
    expect(emulator.requests(({ path }) => path.startsWith('//'))).toEqual([])
  })

  it('is not asked for with a key that is refused: that stops the start', async () => {
    const emulator = await start()
    const store = open(emulator, { apiKey: 'pcsk_wrong' })
    const refusal = await store.start().catch((error: unknown) => error)
    expect((refusal as Error).message).toContain('check PINECONE_API_KEY')
    expect((refusal as Error).message).not.toContain('pcsk_wrong')
  })
})

describe('an answer of Pinecone', () => {
  it.each([
    ['POST /query', { kind: 'empty-object' }],
    ['POST /query', { kind: 'malformed' }],
    ['POST /query', { kind: 'half-body' }],
    ['POST /query', { kind: 'html', status: 502 }],
    ['GET /vectors/fetch', { kind: 'empty-object' }],
    ['POST /vectors/upsert', { kind: 'empty-object' }],
    ['POST /vectors/upsert', { kind: 'reset' }],
    ['POST /vectors/upsert', { kind: 'status', status: 429 }],
  ] as const)('to %s that is none is no success: %j', async (match, fault) => {
    const emulator = await start()
    const store = open(emulator)
    const memories = store.forUser(ada)
    const secret = said('My secret is xyzzy')
    await save(store)
    emulator.fail(match, fault, { times: 2 }) // A read is tried twice.
    const asked = {
      'POST /query': () => memories.recall({ text: 'xyzzy', at: new Date(), limit: 5 }),
      'GET /vectors/fetch': () => memories.get(said('').id),
      'POST /vectors/upsert': () => memories.save([{ memory: secret }]),
    }[match]
    const failure = await asked().catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'StoreUnavailableError', status: 503 })
    const told = JSON.stringify(failure, Object.getOwnPropertyNames(failure))
    expect(told + String((failure as Error).cause)).not.toMatch(/xyzzy|pcsk_/)
    emulator.clearFaults()
    expect(await asked()).not.toBeInstanceOf(Error)
  })

  it('that the plan has no more namespaces names the remedy', async () => {
    const emulator = await start({ namespacesPerIndex: 1 })
    const store = open(emulator)
    await save(store)
    const second = store.forUser('alan' as UserId).save([{ memory: said('Tea') }])
    await expect(second).rejects.toThrow('PINECONE_ISOLATION=metadata')
    const shared = open(emulator, { isolation: 'metadata', name: 'shared' })
    for (const name of ['ada', 'alan', 'grace']) {
      await shared.forUser(name as UserId).save([{ memory: said('Tea') }])
    }
  })

  it('404 to a deletion where nothing was ever written is success', async () => {
    const emulator = await start()
    const memories = open(emulator).forUser(ada)
    expect(await memories.clear()).toBe(0)
    expect(emulator.requests('DELETE /namespaces/u_ada').map(({ status }) => status)).toEqual([404])
  })
})
