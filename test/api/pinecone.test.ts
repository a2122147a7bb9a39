import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assertContract } from '../emulators/contract.ts'
import { type HuggingFaceEmulator, startHuggingFaceEmulator } from '../emulators/hugging-face.ts'
import { type PineconeEmulator, startPineconeEmulator } from '../emulators/pinecone.ts'
import { huggingFaceSettings, pineconeSettings } from '../emulators/settings.ts'
import { startHost, startRefused } from '../support/host.ts'

const SOON = { timeout: 10_000, interval: 50 }

let pinecone: PineconeEmulator
let huggingFace: HuggingFaceEmulator

beforeEach(async () => {
  pinecone = await startPineconeEmulator({ visibilityLagMs: 10_000 })
  huggingFace = await startHuggingFaceEmulator()
})
afterEach(async () => {
  await Promise.all([pinecone.close(), huggingFace.close()])
  assertContract(pinecone, huggingFace)
})

/** Nothing but the two keys, as in production; the addresses are the emulators'. */
const settings = (more: Readonly<Record<string, string>> = {}) => ({
  ...pineconeSettings(pinecone),
  ...huggingFaceSettings(huggingFace),
  ...more,
})

const storedTexts = () =>
  pinecone
    .stored('ai-memory-mvp')
    .filter(({ metadata }) => 'passage' in metadata)
    .map(({ metadata }) => metadata['text'])

interface Health {
  readonly status: string
  readonly pinecone: string
  readonly checks: { readonly store: { readonly status: string; readonly detail?: string } }
}

describe('Pinecone and Hugging Face', () => {
  it('remember and answer, streamed and not, while the index lags ten seconds', async () => {
    await using host = await startHost({ env: settings() })
    const first = await host.api.chat({ user_id: 'ada', message: 'My sister Ines keeps bees.' })
    expect(first.body.memory).toEqual({ message: 'pending', reply: 'pending' })
    const second = await host.api.chat({ user_id: 'ada', message: 'Who keeps bees?' })
    expect(second.body.context[0]?.text).toBe('My sister Ines keeps bees.')
    expect(second.body.context[0]?.why['dense']).toBeGreaterThan(0)
    const events = await host.api.chatEvents({
      user_id: 'ada',
      message: 'And which sister was that?',
    })
    expect(events.map(({ event }) => event)).toContain('done')
    expect(JSON.stringify(events)).toContain('My sister Ines keeps bees.')
    await expect.poll(storedTexts, SOON).toHaveLength(6)
    const health = await host.api.request<Health>('GET', '/api/health')
    expect(health.body).toMatchObject({ status: 'ok', pinecone: 'ok', hf: 'ok' })
    // In steady state a turn is one embedding, one query, one answer; what is written comes beside and after.
    const before = pinecone.requests('POST /query').length
    await host.api.chat({ user_id: 'ada', message: 'What do bees eat?' })
    expect(pinecone.requests('POST /query').length - before).toBe(1)
  })

  it('go on chatting while Pinecone is away from the start, and lose nothing', async () => {
    await pinecone.goDown()
    const env = settings({ UPSTREAM_TIMEOUT_MS: '2000' })
    await using host = await startHost({ env })
    for (let turn = 0; turn < 3; turn++) {
      const { status, body } = await host.api.chat({
        user_id: 'ada',
        message: `Bees like clover number ${turn}.`,
      })
      expect(status).toBe(200)
      expect(body.memory.message).toBe('pending')
    }
    const found = await host.api.chat({ user_id: 'ada', message: 'What do bees like?' })
    expect(found.body.context[0]?.text).toContain('Bees like clover')
    const away = await host.api.request<Health>('GET', '/api/health')
    expect(away).toMatchObject({ status: 200, body: { status: 'degraded', pinecone: 'error' } })
    expect(away.body.checks.store.detail).toContain('on their way')
    const list = await host.api.request<unknown>('GET', '/api/memories?user_id=ada')
    expect(list.status).toBe(503)
    await pinecone.comeBack()
    await expect.poll(() => storedTexts().length, { timeout: 40_000, interval: 100 }).toBe(8)
  }, 60_000)

  it('are not started over an index of another embedder', async () => {
    await pinecone.createIndex({
      name: 'ai-memory-mvp',
      dimension: 384,
      tags: { embedder: 'another-384' },
    })
    const { code, stderr } = await startRefused(settings())
    expect(code).toBe(1)
    expect(stderr).toContain('holds vectors of another-384, and the embedder is')
    expect(stderr).toContain('Set PINECONE_INDEX to another name')
  })

  it('show nothing of a user who was erased', async () => {
    await using host = await startHost({ env: settings() })
    await host.api.chat({ user_id: 'ada', message: 'My secret is xyzzy.' })
    await host.api.chat({ user_id: 'alan', message: 'Mine is another.' })
    await expect.poll(storedTexts, SOON).toHaveLength(4)
    const receipt = await host.api.request<{ removed: object; verified: boolean }>(
      'DELETE',
      '/api/users/ada',
    )
    expect(receipt.body).toMatchObject({ removed: { memories: 2 }, verified: true })
    expect(pinecone.stored('ai-memory-mvp', 'u_ada')).toEqual([])
    expect(storedTexts()).toHaveLength(2)
    expect(host.output()).not.toMatch(/xyzzy|pcsk_/)
  })
})
