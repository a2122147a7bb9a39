import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Embedder } from '../../lib/models/embedder.ts'
import { createEmbeddingEndpointFetch } from '../../lib/models/endpoint.ts'
import { createEndpointEmbedder } from '../../lib/models/endpoint-embedder.ts'
import { createHuggingFaceFetches } from '../../lib/models/huggingface.ts'
import { createHuggingFaceEmbedder } from '../../lib/models/huggingface-embedder.ts'
import { assertContract } from '../emulators/contract.ts'
import type { Match } from '../emulators/faults.ts'
import { type HuggingFaceEmulator, startHuggingFaceEmulator } from '../emulators/hugging-face.ts'
import type { ReceivedRequest } from '../emulators/received.ts'
import { json } from '../emulators/reply.ts'

const miniLm = 'sentence-transformers/all-MiniLM-L6-v2'

let emulator: HuggingFaceEmulator

beforeEach(async () => {
  emulator = await startHuggingFaceEmulator()
})
afterEach(async () => {
  await emulator.close()
  assertContract(emulator)
})

interface Settings {
  readonly token?: string
  readonly dimension?: number
  readonly model?: string
  readonly timeoutMs?: number
  readonly retries?: number
}

interface WarmEmbedder extends Embedder {
  warm(connections?: number): Promise<void>
}

function openHuggingFace({
  token = emulator.token,
  dimension = 384,
  model = miniLm,
  timeoutMs = 5000,
  retries = 0,
}: Settings = {}): WarmEmbedder {
  const { embeddings } = createHuggingFaceFetches({
    token,
    chatModel: 'x',
    embeddingModel: model,
    origins: emulator.origins,
    timeoutMs,
    retries,
    random: () => 0,
  })
  return createHuggingFaceEmbedder({ token, model, dimension, fetch: embeddings })
}

function openEndpoint({
  token,
  dimension = 384,
  model = miniLm,
  timeoutMs = 5000,
  retries = 0,
}: Settings = {}): WarmEmbedder {
  const endpoint = { url: `${emulator.embeddingEndpointUrl}/`, token }
  const fetch = createEmbeddingEndpointFetch(endpoint, { timeoutMs, retries, random: () => 0 })
  return createEndpointEmbedder({ ...endpoint, model, dimension, fetch })
}

const failureOf = (embedder: Embedder, texts = ['tea']) =>
  embedder.embed(texts).then(
    () => expect.fail('It should have failed.'),
    (error: unknown) => error as Error,
  )

const length = (vector: Float32Array) => Math.hypot(...vector)
const inputsOf = (request: ReceivedRequest | undefined) =>
  (request?.json as { inputs?: unknown } | undefined)?.inputs

describe.each([
  ['Hugging Face', openHuggingFace, /^POST .*feature-extraction$/, 'HF_TOKEN'],
  ['text-embeddings-inference', openEndpoint, /^POST \/embed$/, 'HF_EMBEDDING_ENDPOINT_TOKEN'],
] as const)('Embedder: %s', (_, open, EMBED: Match, tokenSetting) => {
  it('gives one vector of length 1 for each text, in order, near where they mean the same', async () => {
    const embedder = open()
    expect(embedder).toMatchObject({ name: `${miniLm}@1`, dimension: 384, free: false })
    const [tea, car, drink] = await embedder.embed(['I like tea', 'my new car', 'I like tea too'])
    for (const vector of [tea, car, drink]) {
      expect(vector).toBeInstanceOf(Float32Array)
      expect(vector).toHaveLength(384)
      expect(length(vector!)).toBeCloseTo(1, 5)
    }
    const near = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)
    expect(near(tea!, drink!)).toBeGreaterThan(near(tea!, car!))
  })

  it('always sends a list, for one text can come back in two forms', async () => {
    for (const form of ['flat', 'nested'] as const) {
      emulator.settings.embeddings = form
      expect(await open().embed(['tea'])).toHaveLength(1)
    }
    expect(emulator.requests(EMBED).map(inputsOf)).toEqual([['tea'], ['tea']])
  })

  it('sends many texts in batches that the server takes, and keeps their order', async () => {
    const texts = Array.from({ length: 100 }, (_, index) => `text number ${index}`)
    const embedder = open()
    const vectors = await embedder.embed(texts)
    expect(
      emulator.requests(EMBED).map((request) => (inputsOf(request) as string[]).length),
    ).toEqual([32, 32, 32, 4])
    expect(vectors[70]).toEqual((await embedder.embed([texts[70]!]))[0])
  })

  it('gives a blank text, which servers refuse, the zero vector; no text asks nobody', async () => {
    const [blank, tea] = await open().embed([' \n', 'tea'])
    expect(length(blank!)).toBe(0)
    expect(length(tea!)).toBeCloseTo(1, 5)
    const asked = emulator.received.length
    expect(await open().embed([])).toEqual([])
    expect(emulator.requests(EMBED)).toHaveLength(1)
    expect(emulator.received.length - asked).toBeLessThanOrEqual(1)
  })

  it('stands a text that is longer than the model reads', async () => {
    const vectors = await open().embed(['word '.repeat(1000)])
    expect(length(vectors[0]!)).toBeCloseTo(1, 5)
    expect(emulator.requests(EMBED)[0]?.json).toMatchObject({ truncate: true })
  })

  it('makes every vector length 1, but none of nothing', async () => {
    const threeFour = Array.from({ length: 384 }, (_, index) => [3, 4][index] ?? 0)
    const answer = [threeFour, threeFour.map(() => 0)]
    emulator.fail(EMBED, { kind: 'answer', answer: json(200, answer) })
    const vectors = await open().embed(['tea', 'coffee'])
    expect(vectors[0]!.slice(0, 3)).toEqual(Float32Array.of(0.6, 0.8, 0))
    expect(length(vectors[1]!)).toBe(0)
  })

  it.each([
    ['an empty list, which the SDK lets pass', []],
    ['too few vectors', [Array.from({ length: 384 }, () => 1)]],
    ['too many vectors', Array.from({ length: 3 }, () => Array.from({ length: 384 }, () => 1))],
    ['a vector a token', [[[1], [2]], [[1]]]],
    [
      'numbers that are none',
      [Array.from({ length: 384 }, () => null), Array.from({ length: 384 }, () => 1)],
    ],
    ['one flat vector', [1, 2]],
    ['an object', {}],
    ['nothing', null],
  ])('takes %s for nonsense', async (_, answer) => {
    emulator.fail(EMBED, { kind: 'answer', answer: json(200, answer) })
    const failure = await failureOf(open(), ['tea', 'coffee'])
    expect(failure).toMatchObject({ name: 'UpstreamError', status: 502, failure: 'nonsense' })
  })

  it('names the settings where the dimension is not what was said', async () => {
    const failure = await failureOf(open({ dimension: 768 }))
    expect(failure).toMatchObject({ status: 502, failure: 'nonsense' })
    expect(failure.message).toMatch(/384 .*768 .*HF_EMBEDDING_DIMENSION/)
  })

  it.each([
    [{ kind: 'status', status: 402 }, { failure: 'refused' }],
    [{ kind: 'status', status: 413 }, { failure: 'nonsense' }],
    [{ kind: 'status', status: 424 }, { failure: 'unavailable' }],
    [{ kind: 'status', status: 429, retryAfter: 9 }, { headers: { 'retry-after': '9' } }],
    [{ kind: 'status', status: 503 }, { failure: 'unavailable' }],
    [{ kind: 'html', status: 200 }, { failure: 'nonsense' }],
    [{ kind: 'html', status: 502 }, { failure: 'unavailable' }],
    [{ kind: 'malformed' }, { failure: 'nonsense' }],
    [{ kind: 'reset' }, { failure: 'unavailable' }],
    [{ kind: 'half-body' }, { failure: 'unavailable' }],
    [{ kind: 'hang' }, { failure: 'timeout' }],
  ] as const)('tells what %j means', async (fault, expected) => {
    emulator.fail(EMBED, fault)
    const failure = await failureOf(open(fault.kind === 'hang' ? { timeoutMs: 200 } : {}))
    expect(failure).toMatchObject({ name: 'UpstreamError', ...expected })
  })

  it('says which setting is wrong where the token is refused', async () => {
    emulator.fail(EMBED, { kind: 'status', status: 401 })
    const failure = await failureOf(open())
    expect(failure).toMatchObject({ failure: 'refused' })
    expect(failure.message).toContain(tokenSetting)
  })

  it('is asked again where that is safe', async () => {
    emulator.fail(EMBED, { kind: 'half-body' })
    emulator.fail(EMBED, { kind: 'status', status: 503 })
    expect(await open({ retries: 2 }).embed(['tea'])).toHaveLength(1)
    expect(emulator.requests(EMBED)).toHaveLength(3)
  })

  it('is left when the caller goes: the server sees the close', async () => {
    emulator.fail(EMBED, { kind: 'hang' })
    const caller = new AbortController()
    const reason = new Error('gone')
    const embedding = open().embed(['tea'], caller.signal)
    await expect.poll(() => emulator.requests(EMBED)[0]?.fault).toBe('hang')
    caller.abort(reason)
    await expect(embedding).rejects.toBe(reason)
    await expect.poll(() => emulator.requests(EMBED)[0]?.clientClosedAtMs).toBeDefined()
    await expect(open().embed(['tea'], caller.signal)).rejects.toBe(reason)
  })

  it('is warm before the first text without embedding anything, and opens no connection later', async () => {
    const embedder = open()
    await embedder.warm(2)
    expect(emulator.requests(EMBED)).toEqual([])
    const opened = emulator.connections()
    for (let call = 0; call < 5; call += 1) await embedder.embed(['tea'])
    expect(emulator.connections()).toBe(opened)
    await emulator.goDown()
    await open().warm()
  })
})

describe('Embedder: Hugging Face alone', () => {
  it('uses the provider hf-inference, looks the model up once, and warms without embedding', async () => {
    const model = 'acme/looked-up-once'
    emulator.setModel(model, {
      providers: {
        'other-provider': { status: 'live', providerId: model, task: 'feature-extraction' },
        'hf-inference': { status: 'live', providerId: model, task: 'sentence-similarity' },
      },
      embedding: { dimension: 384, maxTokens: 256 },
    })
    const embedder = openHuggingFace({ model })
    await embedder.warm()
    expect(emulator.requests(/^POST/)).toEqual([])
    expect(emulator.requests(`GET /api/models/${model}`)).toHaveLength(2) // One of them is the probe.
    await embedder.embed(['tea'])
    await embedder.embed(['coffee'])
    expect(emulator.requests(`GET /api/models/${model}`)).toHaveLength(2)
    expect(emulator.requests(/^POST/).map(({ path }) => path)).toEqual([
      `/hf-inference/models/${model}/pipeline/feature-extraction`,
      `/hf-inference/models/${model}/pipeline/feature-extraction`,
    ])
  })

  it('silences the SDK, which writes the names of models to the console', async () => {
    const model = 'acme/only-staged'
    emulator.setModel(model, {
      providers: {
        'hf-inference': { status: 'staging', providerId: model, task: 'sentence-similarity' },
      },
      embedding: { dimension: 384, maxTokens: 256 },
    })
    const consoles = [vi.spyOn(console, 'log'), vi.spyOn(console, 'warn')]
    await openHuggingFace({ model }).embed(['tea'])
    for (const spy of consoles) expect(spy).not.toHaveBeenCalled()
  })

  it('names the setting where hf-inference does not serve the model, or nobody knows it', async () => {
    const model = 'acme/served-elsewhere'
    emulator.setModel(model, {
      providers: { nscale: { status: 'live', providerId: model, task: 'feature-extraction' } },
    })
    for (const each of [model, 'acme/unknown']) {
      const failure = await failureOf(openHuggingFace({ model: each }))
      expect(failure).toMatchObject({ name: 'UpstreamError', status: 502 })
      expect(failure.message).toContain('HF_EMBEDDING_MODEL')
    }
  })

  it('is unavailable while the hub is, and looks again later', async () => {
    const model = 'acme/looked-up-late'
    const similarity = { status: 'live', providerId: model, task: 'sentence-similarity' } as const
    emulator.setModel(model, {
      providers: { 'hf-inference': similarity },
      embedding: { dimension: 384, maxTokens: 256 },
    })
    emulator.fail(`GET /api/models/${model}`, { kind: 'status', status: 503 })
    const embedder = openHuggingFace({ model })
    expect(await failureOf(embedder)).toMatchObject({ failure: 'unavailable' })
    expect(await embedder.embed(['tea'])).toHaveLength(1)
  })

  it('ends a look-up at the hub, to which the SDK passes no signal, when the caller goes', async () => {
    const model = 'acme/looked-up-slowly'
    const LOOK_UP = `GET /api/models/${model}`
    emulator.fail(LOOK_UP, { kind: 'hang' })
    const caller = new AbortController()
    const embedding = openHuggingFace({ model }).embed(['tea'], caller.signal)
    await expect.poll(() => emulator.requests(LOOK_UP)[0]?.fault).toBe('hang')
    caller.abort(new Error('gone'))
    await expect(embedding).rejects.toThrow('gone')
    await expect.poll(() => emulator.requests(LOOK_UP)[0]?.clientClosedAtMs).toBeDefined()
  })

  it('refuses a token that the SDK would send to nobody, before any request', () => {
    expect(() => openHuggingFace({ token: 'sk-1' })).toThrow(/HF_TOKEN/)
  })
})

describe('Embedder: text-embeddings-inference alone', () => {
  it('needs no token', async () => {
    await openEndpoint().embed(['tea'])
    expect(emulator.requests('/embed')[0]?.headers.authorization).toBeUndefined()
  })

  it('refuses a server that runs another model, for its vectors would pass for those of this one', async () => {
    const failure = await failureOf(openEndpoint({ model: 'BAAI/bge-small-en-v1.5' }))
    expect(failure).toMatchObject({ status: 502, failure: 'nonsense' })
    expect(failure.message).toMatch(/all-MiniLM-L6-v2.*HF_EMBEDDING_MODEL.*bge-small/)
    expect(emulator.requests('/embed')).toEqual([])
  })

  it.each([
    ['says nothing of itself', { status: 404, body: {} }],
    ['was given its model as a folder', { status: 200, body: { model_id: '/data/model' } }],
  ])('believes a server that %s', async (_, { status, body }) => {
    emulator.fail('GET /info', { kind: 'answer', answer: json(status, body) })
    expect(await openEndpoint().embed(['tea'])).toHaveLength(1)
  })

  it('sends smaller batches to a server that takes no larger ones', async () => {
    emulator.fail('GET /info', { kind: 'answer', answer: json(200, { max_client_batch_size: 2 }) })
    await openEndpoint().embed(['a', 'b', 'c'])
    expect(emulator.requests('/embed').map(inputsOf)).toEqual([['a', 'b'], ['c']])
  })
})
