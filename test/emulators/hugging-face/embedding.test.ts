import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { endpointClient, huggingFaceClient } from '../clients.ts'
import { assertContract } from '../contract.ts'
import { startHuggingFaceEmulator, type HuggingFaceEmulator } from '../hugging-face.ts'
import { embedText } from './embedding.ts'

const model = 'sentence-transformers/all-MiniLM-L6-v2'
const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0)

describe('vectors of hashed words', () => {
  const embed = (text: string) => embedText(text, 384, 256)

  it.each(['I drink tea every morning.', '', '紅茶を飲みます', '🍵'])(
    'have length 1: %j',
    (text) => {
      expect(embed(text)).toHaveLength(384)
      expect(dot(embed(text), embed(text))).toBeCloseTo(1, 5)
      expect(embed(text)).toEqual(embed(text))
    },
  )

  it('are nearer the more words two texts share', () => {
    const question = embed('Which tea do I drink in the morning?')
    const near = dot(question, embed('I drink green tea every morning.'))
    const nearer = dot(question, embed('In the morning I drink tea.'))
    const far = dot(question, embed('My sister sold the red car.'))
    expect([far < 0.3, near > 0.5, nearer > near]).toEqual([true, true, true])
  })

  it('know words by their beginning', () => {
    const swims = embed('swimming')
    expect(dot(swims, embed('swimmer'))).toBeGreaterThan(dot(swims, embed('elephant')) + 0.1)
  })

  it('do not read beyond their limit', () => {
    const long = 'word '.repeat(256)
    expect(embed(`${long} tea`)).toEqual(embed(long))
    expect(embed(`tea ${long}`)).not.toEqual(embed(long))
  })
})

describe('embeddings of Hugging Face', () => {
  let emulator: HuggingFaceEmulator
  beforeEach(async () => {
    emulator = await startHuggingFaceEmulator()
  })
  afterEach(async () => {
    await emulator.close()
    assertContract(emulator)
  })

  const shape = (value: unknown): number[] =>
    Array.isArray(value) ? [value.length, ...shape(value[0])] : []
  const extract = (inputs: string | string[]) =>
    huggingFaceClient(emulator).featureExtraction({ model, provider: 'hf-inference', inputs })

  it.each([
    ['flat', [384], [2, 384]],
    ['nested', [1, 384], [2, 384]],
    ['tokens', [1, 2, 384], [2, 2, 384]],
  ] as const)('are %s: %j for a text, %j for two', async (embeddings, one, two) => {
    emulator.settings.embeddings = embeddings
    expect(shape(await extract('a'))).toEqual(one)
    expect(shape(await extract(['a', 'b']))).toEqual(two)
  })

  it('are none for no texts, which the SDK lets pass', async () => {
    expect(await extract([])).toEqual([])
  })

  it('need the token, at the path of the provider that serves them', async () => {
    const stranger = huggingFaceClient(emulator, { token: 'hf_somebody_else' })
    const embed = stranger.featureExtraction({ model, provider: 'hf-inference', inputs: ['a'] })
    await expect(embed).rejects.toMatchObject({ httpResponse: { status: 401 } })
    expect(emulator.received.at(-1)?.path).toBe(
      `/hf-inference/models/${model}/pipeline/feature-extraction`,
    )
  })
})

describe('embeddings of a text-embeddings-inference server', () => {
  let emulator: HuggingFaceEmulator
  beforeEach(async () => {
    emulator = await startHuggingFaceEmulator({ endpointToken: 'secret' })
  })
  afterEach(async () => {
    await emulator.close()
    assertContract(emulator)
  })

  const embed = (inputs: string | string[], more: { truncate?: boolean } = {}, token = 'secret') =>
    endpointClient(`${emulator.embeddingEndpointUrl}/embed`, token).featureExtraction({
      inputs,
      ...more,
    })
  const statusOf = (call: Promise<unknown>) =>
    call.then(
      () => 200,
      (error: { httpResponse: { status: number } }) => error.httpResponse.status,
    )

  it('are always a list of vectors', async () => {
    expect(await embed('a')).toHaveLength(1)
    expect(await embed(['a', 'b'])).toHaveLength(2)
  })

  it('stop at 512 tokens, 32,000 characters, 32 texts and none', async () => {
    const long = 'word '.repeat(600)
    expect(await statusOf(embed([long]))).toBe(413)
    expect(await statusOf(embed([long], { truncate: true }))).toBe(200)
    expect(await statusOf(embed(['x '.repeat(16_001)], { truncate: true }))).toBe(413)
    expect(await statusOf(embed(Array.from({ length: 33 }, () => 'a')))).toBe(413)
    expect(await statusOf(embed(['']))).toBe(413)
    expect(await statusOf(embed([]))).toBe(400)
    expect(emulator.takeViolations()).toHaveLength(1)
  })

  it('need the key of the server, where it has one', async () => {
    expect(await statusOf(embed(['a'], {}, 'other'))).toBe(401)
    const info = await fetch(`${emulator.embeddingEndpointUrl}/info`, {
      headers: { authorization: 'Bearer secret' },
    })
    expect(await info.json()).toMatchObject({ model_id: model, max_input_length: 512 })
    expect((await fetch(`${emulator.embeddingEndpointUrl}/health`)).status).toBe(200)
  })

  it('fail in its own words', async () => {
    emulator.fail('/embed', { kind: 'status', status: 429 })
    const error = await embed(['a']).catch((error: unknown) => error)
    expect(error).toMatchObject({
      httpResponse: { status: 429, body: { error_type: 'Overloaded' } },
    })
  })
})
