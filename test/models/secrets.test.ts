import { inspect } from 'node:util'
import { Pinecone } from '@pinecone-database/pinecone'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createChatEndpointFetch, createEmbeddingEndpointFetch } from '../../lib/models/endpoint.ts'
import { createEndpointEmbedder } from '../../lib/models/endpoint-embedder.ts'
import { createEndpointGenerator } from '../../lib/models/endpoint-generator.ts'
import { createHuggingFaceFetches } from '../../lib/models/huggingface.ts'
import { createHuggingFaceEmbedder } from '../../lib/models/huggingface-embedder.ts'
import { createHuggingFaceGenerator } from '../../lib/models/huggingface-generator.ts'
import { createUpstreamFetch } from '../../lib/upstream/upstream-fetch.ts'
import type { Fault } from '../emulators/faults.ts'
import { type HuggingFaceEmulator, startHuggingFaceEmulator } from '../emulators/hugging-face.ts'
import { json, text } from '../emulators/reply.ts'
import { promptOf } from './generating.ts'

/** Stands in every text, in the token and in what the upstreams answer: no error may hold it. */
const SECRET = 'xyzzy-plugh'

let emulator: HuggingFaceEmulator
const token = `hf_${SECRET}`

beforeEach(async () => {
  emulator = await startHuggingFaceEmulator({
    token,
    endpointToken: token,
    validate: false,
    reply: () => `${SECRET} is what you said.`,
  })
})
afterEach(() => emulator.close())

const caller = () => new AbortController().signal
const prompt = () => promptOf(`Do you know ${SECRET}?`, { turns: [{ role: 'user', text: SECRET }] })
const patience = { firstTokenTimeoutMs: 150, stallTimeoutMs: 150 }
const miniLm = 'sentence-transformers/all-MiniLM-L6-v2'

const fetches = () =>
  createHuggingFaceFetches({
    token,
    chatModel: 'x',
    embeddingModel: miniLm,
    origins: emulator.origins,
    timeoutMs: 150,
    retries: 0,
  })

const drivers: Record<string, () => Promise<unknown>> = {
  'Hugging Face generator': () => {
    const fetch = fetches().chat
    const model = 'mistralai/Mistral-7B-Instruct-v0.2'
    const generator = createHuggingFaceGenerator({ token, model, fetch, ...patience })
    return Array.fromAsync(generator.generate(prompt(), caller()))
  },
  'endpoint generator': () => {
    const url = emulator.endpointUrl
    const fetch = createChatEndpointFetch({ url, token }, { retries: 0 })
    const generator = createEndpointGenerator({ url, token, model: 'm', fetch, ...patience })
    return Array.fromAsync(generator.generate(prompt(), caller()))
  },
  'Hugging Face embedder': () => {
    const fetch = fetches().embeddings
    const embedder = createHuggingFaceEmbedder({ token, model: miniLm, dimension: 384, fetch })
    return embedder.embed([`I said ${SECRET}.`], caller())
  },
  'text-embeddings-inference embedder': () => {
    const url = emulator.embeddingEndpointUrl
    const fetch = createEmbeddingEndpointFetch({ url, token }, { retries: 0, timeoutMs: 150 })
    const embedder = createEndpointEmbedder({ url, token, model: miniLm, dimension: 384, fetch })
    return embedder.embed([`I said ${SECRET}.`], caller())
  },
}

const body = JSON.stringify({ error: { message: SECRET, code: SECRET } })
const faults: Fault[] = [
  ...[400, 401, 402, 403, 404, 413, 422, 429, 500, 503].map((status): Fault => ({
    kind: 'status',
    status,
    body,
    contentType: 'application/json',
  })),
  { kind: 'status', status: 400, body: SECRET, contentType: 'text/plain; charset=utf-8' },
  { kind: 'answer', answer: text(200, SECRET) },
  { kind: 'answer', answer: text(200, SECRET, 'application/json') },
  { kind: 'answer', answer: json(200, { error: SECRET }) },
  { kind: 'answer', answer: text(200, `data: ${SECRET}\n\n`, 'text/event-stream') },
  { kind: 'answer', answer: text(200, `data: {"error":"${SECRET}"}\n\n`, 'text/event-stream') },
  { kind: 'answer', answer: text(200, `event: error\ndata: ${SECRET}\n\n`, 'text/event-stream') },
  { kind: 'hang' },
  { kind: 'reset' },
  { kind: 'half-body' },
  { kind: 'malformed' },
]

describe.each(Object.entries(drivers))('An error of the %s', (_, call) => {
  it('never holds a prompt, a text, a token or an answer', async () => {
    for (const fault of faults) {
      emulator.fail(/^POST/, fault)
      const error = await call().then(
        () => expect.fail(`It took ${JSON.stringify(fault)} for an answer.`),
        (thrown: unknown) => thrown,
      )
      expect(error).toMatchObject({ name: 'UpstreamError', status: expect.any(Number) as number })
      expect(everythingIn(error)).not.toContain(SECRET)
      expect(emulator.received.at(-1)?.body).toContain(SECRET) // Or nothing was there to be leaked.
    }
  })
})

describe.each(Object.entries(drivers).filter(([name]) => name.endsWith('generator')))(
  'An error of the %s in the middle of a stream',
  (_, call) => {
    it('never holds what was said', async () => {
      for (const as of ['truncate', 'bad-json', 'error-data', 'reset', 'stall'] as const) {
        emulator.fail(/^POST/, { kind: 'stream', as })
        const error: unknown = await call().catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(Error)
        expect(everythingIn(error)).not.toContain(SECRET)
      }
    })
  },
)

describe('An error through the SDK of Pinecone', () => {
  it('has ours as its cause, with status and Retry-After, and holds neither key nor text', async () => {
    const fetchApi = createUpstreamFetch({
      name: 'Pinecone',
      retries: 0,
      isFault: (status) => status === 429 || status >= 500,
    })
    const pinecone = new Pinecone({ apiKey: SECRET, fetchApi, maxRetries: 0 })
    const index = pinecone.index({ name: 'memories', host: emulator.url })
    for (const status of [429, 500, 503]) {
      emulator.fail(/^POST/, { kind: 'status', status, body: SECRET, retryAfter: 7 })
      const error: unknown = await index
        .namespace('u_ada')
        .query({ vector: [1], topK: 1, filter: { text: SECRET } })
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({
        name: 'PineconeConnectionError',
        cause: { name: 'UpstreamFault', statusCode: status, retryAfterSeconds: 7 },
      })
      expect(everythingIn(error)).not.toContain(SECRET)
    }
  })
})

/** All that a log could print of an error, its causes included. */
function everythingIn(error: unknown): string {
  const parts: string[] = []
  for (let each = error; each !== undefined && each !== null; each = (each as Error).cause) {
    parts.push(inspect(each, { depth: 10, showHidden: true }), JSON.stringify(each))
    if (each instanceof Error)
      parts.push(
        each.message,
        each.stack ?? '',
        JSON.stringify(Object.getOwnPropertyDescriptors(each)),
      )
  }
  return parts.join('\n')
}
