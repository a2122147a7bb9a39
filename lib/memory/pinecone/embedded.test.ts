import { afterEach, expect, it } from 'vitest'
import { said } from '../../../test/conformance/memory-store/suite.ts'
import { assertContract } from '../../../test/emulators/contract.ts'
import { startHuggingFaceEmulator } from '../../../test/emulators/hugging-face.ts'
import { startPineconeEmulator } from '../../../test/emulators/pinecone.ts'
import { openPineconeStore } from '../../../test/fixtures/pinecone-store.ts'
import { createHuggingFaceFetches } from '../../models/huggingface.ts'
import { createHuggingFaceEmbedder } from '../../models/huggingface-embedder.ts'
import type { UserId } from '../memory.ts'

/** The embedder of Hugging Face and the store in Pinecone as a turn uses them, both SDKs unmodified. */

const DIMENSION = 384
const model = 'sentence-transformers/all-MiniLM-L6-v2'
const ada = 'ada' as UserId
const cleaning: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleaning.splice(0).reverse()) await clean()
})

async function start() {
  const [pinecone, huggingFace] = await Promise.all([
    startPineconeEmulator(),
    startHuggingFaceEmulator(),
  ])
  const { token, origins } = huggingFace
  const { embeddings } = createHuggingFaceFetches({
    token,
    chatModel: 'x',
    embeddingModel: model,
    origins,
  })
  const embedder = createHuggingFaceEmbedder({
    token,
    model,
    dimension: DIMENSION,
    fetch: embeddings,
  })
  const store = openPineconeStore(
    { emulator: pinecone, file: undefined },
    { dimension: DIMENSION, embed: (texts) => embedder.embed(texts) },
  )
  cleaning.push(async () => {
    await store.close()
    await Promise.all([pinecone.close(), huggingFace.close()])
    assertContract(pinecone)
    assertContract(huggingFace)
  })
  return { pinecone, huggingFace, embedder, memories: store.forUser(ada) }
}

it('embedding and upsert: what was embedded is what Pinecone gets, under the user’s namespace and id', async () => {
  const { pinecone, huggingFace, embedder, memories } = await start()
  const memory = said('My sister Mara plays the cello', {
    conversationId: 'talks',
    tags: ['family'],
  })
  const vectors = await embedder.embed([memory.text])
  expect(vectors[0]).toHaveLength(DIMENSION)
  expect(await memories.save([{ memory, vectors }])).toBe('stored')
  expect(huggingFace.requests(/feature-extraction/)).toHaveLength(1)
  const record = pinecone.stored('memories').find(({ metadata }) => 'passage' in metadata)!
  expect(record.id).toMatch(new RegExp(`^ada:\\d{15}:${memory.id}$`))
  expect(record.metadata).toMatchObject({
    user_id: 'ada',
    role: 'user',
    text: memory.text,
    ts: memory.ts.getTime(),
    tags: ['family'],
    conversation_id: 'talks',
  })
  const values = [...record.values]
  expect(values).toHaveLength(DIMENSION)
  for (const [at, value] of values.entries()) expect(value).toBeCloseTo(vectors[0]![at]!, 6)
  expect(pinecone.requests('POST /vectors/upsert')[0]!.body).toContain('"namespace":"u_ada"')
})

it('top_k and threshold: no more than asked for, and nothing below the score', async () => {
  const { embedder, memories } = await start()
  const texts = [
    'I play the cello',
    'Mara plays the cello',
    'The cello needs a new string',
    'Lunch',
  ]
  const toSave = texts.map((text) => said(text))
  const vectors = await embedder.embed(texts)
  await memories.save(toSave.map((memory, at) => ({ memory, vectors: [vectors[at]!] })))
  const recall = async (limit: number, scoreThreshold: number) =>
    memories.recall({
      text: 'Who plays the cello?',
      embedding: (await embedder.embed(['Who plays the cello?']))[0],
      at: new Date(),
      limit,
      scoreThreshold,
    })
  const all = await recall(10, 0)
  expect(all).toHaveLength(4)
  expect(await recall(2, 0)).toHaveLength(2)
  expect((await recall(2, 0)).map(({ memory }) => memory.id)).toEqual(
    all.slice(0, 2).map(({ memory }) => memory.id),
  )
  const threshold = (all[1]!.score + all[2]!.score) / 2
  const above = all.filter(({ score }) => score >= threshold)
  expect(above.length).toBeLessThan(4)
  expect((await recall(10, threshold)).map(({ score }) => score)).toEqual(
    above.map(({ score }) => score),
  )
  expect(await recall(0, 0)).toEqual([])
})
