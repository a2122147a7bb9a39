import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assertContract } from '../emulators/contract.ts'
import { type HuggingFaceEmulator, startHuggingFaceEmulator } from '../emulators/hugging-face.ts'
import { huggingFaceSettings } from '../emulators/settings.ts'
import type { Fault } from '../emulators/faults.ts'
import type { ProblemBody } from '../support/api.ts'
import { startHost, type TestHost } from '../support/host.ts'

const CHAT = 'POST /v1/chat/completions'
const EMBED =
  'POST /hf-inference/models/sentence-transformers/all-MiniLM-L6-v2/pipeline/feature-extraction'

let emulator: HuggingFaceEmulator

beforeEach(async () => {
  emulator = await startHuggingFaceEmulator()
})
afterEach(async () => {
  await emulator.close()
  assertContract(emulator)
})

const settings = (more: Readonly<Record<string, string>> = {}) => ({
  ...huggingFaceSettings(emulator),
  HF_LLM_FALLBACKS: '',
  ...more,
})

const start = (more?: Readonly<Record<string, string>>): Promise<TestHost> =>
  startHost({ env: settings(more) })

interface SentChat {
  readonly model: string
  readonly messages: readonly { role: string; content: string }[]
}
const lastPrompt = () => emulator.requests(CHAT).at(-1)!.json as SentChat

describe('Hugging Face', () => {
  it('embeds, recalls and answers with its models', async () => {
    await using host = await start()
    await host.api.chat({ user_id: 'ada', message: 'My sister Ines keeps bees in Porto.' })
    const { status, body } = await host.api.chat({ user_id: 'ada', message: 'Where are the bees?' })
    expect(status).toBe(200)
    expect(body.context[0]?.text).toBe('My sister Ines keeps bees in Porto.')
    expect(body.context[0]?.why['dense']).toBeGreaterThan(0)
    expect(body.usage).toMatchObject({ model: 'mistralai/Mistral-7B-Instruct-v0.2' })
    expect(body.usage.completion_tokens).toBeGreaterThan(0)
    // Mistral knows no system role: what it is told, what is recalled and what is asked come in this order.
    const [first] = lastPrompt().messages
    expect(first?.role).toBe('user')
    const health = await host.api.request<{ hf: string; pinecone: string; notes: string[] }>(
      'GET',
      '/api/health',
    )
    expect(health.body).toMatchObject({ status: 'ok', hf: 'ok', pinecone: 'off' })
    expect(health.body.notes.join(' ')).not.toContain('built-in')
  })

  it('streams what the model says as it says it', async () => {
    emulator.settings.msPerToken = 20
    await using host = await start()
    const events = await host.api.chatEvents({ user_id: 'ada', message: 'Tell me of my garden.' })
    expect(events.map(({ event }) => event)).toEqual([
      'context',
      ...events.filter(({ event }) => event === 'token').map(() => 'token'),
      'done',
    ])
    const said = events.filter(({ event }) => event === 'token').map(({ data }) => data as string)
    expect(said.length).toBeGreaterThan(2)
  })

  it('stops the model when the caller hangs up', async () => {
    emulator.settings.msPerToken = 30
    emulator.settings.reply = () => 'word '.repeat(400)
    await using host = await start()
    const leaving = new AbortController()
    const response = await host.api.openStream(
      { user_id: 'ada', message: 'Talk at length.' },
      leaving.signal,
    )
    const reader = response.body!.getReader()
    await reader.read()
    leaving.abort()
    await expect.poll(() => emulator.requests(CHAT)[0]?.clientClosedAtMs).toBeTypeOf('number')
    expect(emulator.requests(CHAT)[0]?.tokensMade).toBeLessThan(400)
  })

  it('embeds a text once, and says how often it knew one', async () => {
    await using host = await start({ STORE_REPLIES: 'false' })
    await host.api.chat({ user_id: 'ada', message: 'The cat is called Mog.' })
    const before = emulator.requests(EMBED).length
    await host.api.search({ user_id: 'ada', query: 'The cat is called Mog.' })
    expect(emulator.requests(EMBED).length).toBe(before)
    const { body } = await host.api.request<string>('GET', '/metrics')
    expect(body).toMatch(/embedding_cache_hits_total\{[^}]*\} [1-9]/)
  })

  it('is ready while Hugging Face is away, and answers once it is back', async () => {
    await emulator.goDown()
    await using host = await start()
    const refused = await host.api.chat({ user_id: 'ada', message: 'I grow beans.' })
    expect(refused.status).toBe(503)
    await emulator.comeBack()
    await expect
      .poll(
        async () => {
          const { body } = await host.api.chat({ user_id: 'ada', message: 'What do I grow?' })
          return body.context?.map(({ text }) => text)
        },
        { timeout: 15_000, interval: 500 },
      )
      .toContain('I grow beans.')
  })
})

const always = { times: Infinity }

describe('a model that fails', () => {
  it.each<[string, Fault, number, RegExp]>([
    ['overloaded', { kind: 'status', status: 503 }, 503, /Hugging Face answered 503/],
    ['token refused', { kind: 'status', status: 401 }, 502, /HF_TOKEN/],
    ['out of credit', { kind: 'status', status: 402 }, 502, /credit/],
    ['not allowed', { kind: 'status', status: 403 }, 502, /licence|HF_LLM/],
    ['nonsense', { kind: 'malformed' }, 502, /./],
    ['hung', { kind: 'hang' }, 504, /./],
  ])('%s: says so, and keeps the message', async (_, fault, status, detail) => {
    emulator.fail(CHAT, fault, always)
    await using host = await start({ FIRST_TOKEN_TIMEOUT_MS: '500' })
    const {
      status: answered,
      headers,
      body,
    } = await host.api.chat({
      user_id: 'ada',
      message: 'I play the cello.',
    })
    const problem = body as unknown as ProblemBody
    expect(answered).toBe(status)
    expect(problem.detail).toMatch(detail)
    expect(Number(headers.get('retry-after')) > 0).toBe(status === 503)
    const { body: list } = await host.api.list('ada')
    expect(list.results.map(({ text }) => text)).toEqual(['I play the cello.'])
    emulator.clearFaults()
  })

  it('is followed by the next one, and the answer names who gave it', async () => {
    emulator.fail(
      ({ path, body }) => path === '/v1/chat/completions' && body.includes('mistralai/'),
      { kind: 'status', status: 503 },
      always,
    )
    await using host = await start({ HF_LLM_FALLBACKS: 'openai/gpt-oss-20b' })
    const { status, body } = await host.api.chat({ user_id: 'ada', message: 'Hello there.' })
    expect(status).toBe(200)
    expect(body.usage.model).toBe('openai/gpt-oss-20b')
    emulator.clearFaults()
  })
})

describe('an embedder that fails', () => {
  it('leaves recall to the words, and says so in health', async () => {
    await using host = await start()
    emulator.fail(EMBED, { kind: 'status', status: 500 }, always)
    await host.api.chat({ user_id: 'ada', message: 'My tortoise is called Methuselah.' })
    const { status, body } = await host.api.chat({
      user_id: 'ada',
      message: 'How is my tortoise called?',
    })
    expect(status).toBe(200)
    expect(body.context[0]?.text).toBe('My tortoise is called Methuselah.')
    const health = await host.api.request<{ status: string; checks: Record<string, unknown> }>(
      'GET',
      '/api/health',
    )
    expect(health.status).toBe(200)
    expect(health.body.status).toBe('degraded')
    expect(health.body.checks['generator']).toMatchObject({ status: 'ok' })
    expect(health.body.checks['embedder']).not.toMatchObject({ status: 'ok' })
    emulator.clearFaults()
  })
})

describe('endpoints of one’s own', () => {
  it('embed and answer without a token', async () => {
    await using host = await startHost({
      env: {
        HF_ENDPOINT_URL: `${emulator.endpointUrl}/v1`,
        HF_EMBEDDING_ENDPOINT_URL: emulator.embeddingEndpointUrl,
      },
    })
    await host.api.chat({ user_id: 'ada', message: 'The boat lies in Lagos.' })
    const { status, body } = await host.api.chat({ user_id: 'ada', message: 'Where is the boat?' })
    expect(status).toBe(200)
    expect(body.usage.model).toBe('local-model')
    expect(body.context[0]?.why['dense']).toBeGreaterThan(0)
    const health = await host.api.request<{ hf: string }>('GET', '/api/health')
    expect(health.body).toMatchObject({ status: 'ok', hf: 'off' })
  })
})

it('keeps every secret out of logs, problems and health', async () => {
  const token = 'hf_planted7secret9token'
  emulator.fail(CHAT, { kind: 'status', status: 401, body: `bad token ${token}` }, always)
  await using host = await start({ HF_TOKEN: token, LOG_LEVEL: 'debug' })
  const secret = 'my-password-is-tiramisu'
  const { body } = await host.api.chat({ user_id: 'ada', message: `Remember ${secret}.` })
  const health = await host.api.request('GET', '/api/health')
  const said = JSON.stringify([body, health.body]) + host.output()
  expect(said).not.toContain(token)
  expect(said).not.toContain(secret)
})
