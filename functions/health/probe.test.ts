import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../lib/config.ts'
import {
  type HuggingFaceEmulator,
  startHuggingFaceEmulator,
} from '../../test/emulators/hugging-face.ts'
import { type PineconeEmulator, startPineconeEmulator } from '../../test/emulators/pinecone.ts'
import { huggingFaceSettings, pineconeSettings } from '../../test/emulators/settings.ts'
import { createProbe } from './probe.ts'

/** As on Lambda, where the function that tells the health has opened no service. */
describe('the health of a process that has opened nothing', () => {
  let pinecone: PineconeEmulator
  let huggingFace: HuggingFaceEmulator
  beforeAll(async () => {
    ;[pinecone, huggingFace] = await Promise.all([
      startPineconeEmulator(),
      startHuggingFaceEmulator(),
    ])
  })
  afterAll(() => Promise.all([pinecone.close(), huggingFace.close()]))

  const settings = (more: Record<string, string> = {}) =>
    readConfig({
      ...pineconeSettings(pinecone),
      ...huggingFaceSettings(huggingFace),
      ...more,
    })

  it('names the services that are in use, and whether each answers', async () => {
    expect(await createProbe()(settings())).toMatchObject({
      status: 'ok',
      pinecone: 'ok',
      hf: 'ok',
      checks: {
        store: { driver: 'pinecone', status: 'ok' },
        embedder: { name: 'sentence-transformers/all-MiniLM-L6-v2', status: 'ok' },
        generator: { name: 'mistralai/Mistral-7B-Instruct-v0.2', status: 'ok' },
      },
    })
  })

  it('tells a refused key and a server that is away from one another', async () => {
    const health = await createProbe()(
      settings({ PINECONE_API_KEY: 'wrong', HF_ENDPOINT_URL: 'http://127.0.0.1:1' }),
    )
    expect(health).toMatchObject({
      status: 'error',
      pinecone: 'error',
      hf: 'ok',
      checks: {
        store: { status: 'error', detail: 'Pinecone answered 401.' },
        generator: { status: 'error', detail: 'The model server cannot be reached.' },
      },
    })
  })

  it('asks servers of one’s own what they serve', async () => {
    const health = await createProbe()(
      settings({
        HF_ENDPOINT_URL: `${huggingFace.endpointUrl}/v1`,
        HF_EMBEDDING_ENDPOINT_URL: huggingFace.embeddingEndpointUrl,
      }),
    )
    expect(health).toMatchObject({
      hf: 'off',
      checks: { embedder: { status: 'ok' }, generator: { status: 'ok' } },
    })
  })

  it('asks at most every 30 seconds, and for nothing that is billed', async () => {
    let nowMs = 0
    const probe = createProbe(() => nowMs)
    const before = huggingFace.received.length
    const asked = () => huggingFace.received.slice(before)
    await probe(settings())
    nowMs = 29_999
    await probe(settings())
    expect(asked().map(({ method }) => method)).toEqual(['GET', 'GET'])
    nowMs = 30_000
    await probe(settings())
    expect(asked()).toHaveLength(4)
  })
})
