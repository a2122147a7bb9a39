import { Errors, Pinecone } from '@pinecone-database/pinecone'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assertContract } from '../contract.ts'
import type { Fault } from '../faults.ts'
import { startPineconeEmulator, type PineconeEmulator } from '../pinecone.ts'

const records = [{ id: 'a', values: [1, 0] }]
const nearest = { vector: [1, 0], topK: 1 }

describe('scripted faults of Pinecone', () => {
  let emulator: PineconeEmulator
  let index: ReturnType<Pinecone['index']>
  let name: string
  let answers: Response[]
  let signal: AbortSignal | undefined

  beforeEach(async () => {
    answers = []
    signal = undefined
    emulator = await startPineconeEmulator()
    const made = await emulator.createIndex({ dimension: 2 })
    name = made.name
    index = open({ maxRetries: 0 }).index({ host: made.host, namespace: 'u_ada' })
    await index.upsert({ records })
  })
  afterEach(async () => {
    await emulator.close()
    assertContract(emulator)
  })

  const open = (options: { maxRetries: number }) =>
    new Pinecone({
      apiKey: emulator.apiKey,
      controllerHostUrl: emulator.url,
      ...options,
      async fetchApi(url, init) {
        const response = await fetch(url, { ...init, ...(signal && { signal }) })
        answers.push(response)
        return response
      },
    })

  it.each<[fault: Fault, error: unknown]>([
    [{ kind: 'status', status: 400 }, Errors.PineconeBadRequestError],
    [{ kind: 'status', status: 401 }, Errors.PineconeAuthorizationError],
    [{ kind: 'status', status: 402 }, Errors.PineconePaymentRequiredError],
    [{ kind: 'status', status: 403 }, Errors.PineconeBadRequestError],
    [{ kind: 'status', status: 429 }, Errors.PineconeUnmappedHttpError],
    [{ kind: 'status', status: 500 }, Errors.PineconeMaxRetriesExceededError],
    [{ kind: 'status', status: 503 }, Errors.PineconeMaxRetriesExceededError],
    [{ kind: 'html', status: 502 }, Errors.PineconeMaxRetriesExceededError],
    [{ kind: 'html', status: 200 }, SyntaxError],
    [{ kind: 'malformed' }, SyntaxError],
    [{ kind: 'reset' }, Errors.PineconeConnectionError],
    [{ kind: 'half-body' }, TypeError],
  ])('%o happens once, to the request it was meant for', async (fault, error) => {
    const scripted = emulator.fail('POST /query', fault)
    await index.describeIndexStats()
    expect(scripted.hits).toBe(0)
    await expect(index.query(nearest)).rejects.toThrow(error)
    expect(scripted.hits).toBe(1)
    expect((await index.query(nearest)).matches).toHaveLength(1)
  })

  it('answers {} to a query, which the SDK takes for no matches', async () => {
    emulator.fail('POST /query', { kind: 'empty-object' })
    expect((await index.query(nearest)).matches).toEqual([])
  })

  it.each([
    [7, '7'],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 'Wed, 21 Oct 2026 07:28:00 GMT'],
    [undefined, null],
  ])('sends Retry-After %o with a 429 where told', async (retryAfter, header) => {
    const more = retryAfter === undefined ? {} : { retryAfter }
    emulator.fail('POST /query', { kind: 'status', status: 429, ...more })
    await expect(index.query(nearest)).rejects.toThrow(Errors.PineconeUnmappedHttpError)
    expect(answers.at(-1)?.headers.get('retry-after')).toBe(header)
    expect(answers.at(-1)?.headers.get('content-type')).toBe('text/plain')
  })

  it('hangs until the client gives up, and writes down that it did', async () => {
    emulator.fail('POST /query', { kind: 'hang' })
    signal = AbortSignal.timeout(20)
    const error = await index.query(nearest).catch((error: unknown) => error as Error)
    expect(error).toBeInstanceOf(Errors.PineconeConnectionError)
    expect((error as Error).cause).toMatchObject({ name: 'TimeoutError' })
    const [query] = emulator.requests('POST /query')
    await expect.poll(() => query?.clientClosedAtMs).toBeGreaterThanOrEqual(query!.receivedAtMs)
    expect(query).toMatchObject({ fault: 'hang', status: undefined, answeredAtMs: undefined })
  })

  it('keeps what it was told though the client saw a failure', async () => {
    const upsert = (id: string) => index.upsert({ records: [{ id, values: [0, 1] }] })
    emulator.fail('POST /vectors/upsert', { kind: 'reset' })
    await expect(upsert('lost')).rejects.toThrow(Errors.PineconeConnectionError)
    const applied = { kind: 'apply-then', fault: { kind: 'reset' } } as const
    emulator.fail('POST /vectors/upsert', applied)
    await expect(upsert('applied')).rejects.toThrow(Errors.PineconeConnectionError)
    emulator.fail('POST /vectors/upsert', { kind: 'half-body' })
    await expect(upsert('half')).rejects.toThrow(TypeError)
    expect(emulator.stored(name).map(({ id }) => id)).toEqual(['a', 'applied', 'half'])
    const upserts = emulator.requests('/vectors/upsert')
    expect(upserts.map(({ fault }) => fault)).toEqual([
      undefined,
      'reset',
      'apply-then reset',
      'half-body',
    ])
    // It was the emulator that cut these, not the client.
    expect(upserts.filter(({ clientClosedAtMs }) => clientClosedAtMs !== undefined)).toEqual([])
  })

  it('ends a creation that the SDK repeats by itself as a conflict', async () => {
    const fault = { kind: 'status', status: 500 } as const
    emulator.fail('POST /indexes', { kind: 'apply-then', fault })
    const spec = { serverless: { cloud: 'aws', region: 'us-east-1' } } as const
    const creation = { name: 'twice', dimension: 2, metric: 'cosine', spec } as const
    await expect(open({ maxRetries: 1 }).indexes.create(creation)).rejects.toThrow(
      Errors.PineconeConflictError,
    )
  })

  it('waits before it answers, for one request or for all', async () => {
    emulator.fail('POST /query', { kind: 'slow', ms: 30 })
    expect((await index.query(nearest)).matches).toHaveLength(1)
    emulator.settings.latencyMs = 30
    expect((await index.query(nearest)).matches).toHaveLength(1)
    const waits = emulator.requests('POST /query').map((request) => {
      return request.answeredAtMs! - request.receivedAtMs >= 29
    })
    expect(waits).toEqual([true, true])
  })

  it('fits conditions, patterns, skips, counts and cancels', async () => {
    const down = { kind: 'status', status: 503 } as const
    const query = (topK = 1) => index.query({ ...nearest, topK })
    emulator.fail(({ body }) => body.includes('"topK":3'), down)
    await query()
    await expect(query(3)).rejects.toThrow(Errors.PineconeMaxRetriesExceededError)

    emulator.fail(/^POST \/(query|vectors)/, down, { times: 2, skip: 1 })
    await query()
    await expect(query()).rejects.toThrow(Errors.PineconeMaxRetriesExceededError)
    await expect(index.upsert({ records })).rejects.toThrow(Errors.PineconeMaxRetriesExceededError)
    await query()

    const forever = emulator.fail('/query', down, { times: Infinity })
    await expect(query()).rejects.toThrow(Errors.PineconeMaxRetriesExceededError)
    await expect(query()).rejects.toThrow(Errors.PineconeMaxRetriesExceededError)
    expect(forever.hits).toBe(2)
    forever.cancel()
    await query()
    emulator.fail('/query', down, { times: Infinity })
    emulator.clearFaults()
    await query()
  })

  it('does not spend a fault on a client that left before it had asked', async () => {
    const scripted = emulator.fail('POST /query', { kind: 'hang' })
    const { host } = await open({ maxRetries: 0 }).indexes.describe(name)
    const leaving = new AbortController()
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"topK":'))
      },
    })
    const asking = fetch(`${host}/query`, {
      method: 'POST',
      body,
      duplex: 'half',
      signal: leaving.signal,
    })
    await expect.poll(() => emulator.requests('POST /query')).toHaveLength(1)
    leaving.abort()
    await expect(asking).rejects.toThrow('aborted')
    await expect.poll(() => emulator.requests('/query')[0]?.clientClosedAtMs).toBeDefined()
    expect(scripted.hits).toBe(0)
  })

  it('keeps the newest requests only, and reports each when it is over', async () => {
    const over: (number | undefined)[] = []
    await using forgetful = await startPineconeEmulator({
      keepRequests: 2,
      onExchange: ({ status }) => over.push(status),
    })
    for (const path of ['/indexes', '/indexes/a', '/indexes/b']) {
      const headers = { 'api-key': forgetful.apiKey, 'x-pinecone-api-version': '2026-07' }
      await (await fetch(forgetful.url + path, { headers })).text()
    }
    expect(forgetful.received.map(({ path }) => path)).toEqual(['/indexes/a', '/indexes/b'])
    await expect.poll(() => over).toEqual([200, 404, 404])
  })

  it('counts connections, of which calls in a row need only one', async () => {
    await index.query(nearest)
    const opened = emulator.connections()
    for (let i = 0; i < 5; i++) await index.query(nearest)
    expect(emulator.connections()).toBe(opened)
    await Promise.all(Array.from({ length: 5 }, () => index.query(nearest)))
    expect(emulator.connections()).toBeGreaterThan(opened)
  })
})
