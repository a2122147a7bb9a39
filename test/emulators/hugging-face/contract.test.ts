import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { endpointClient, huggingFaceClient } from '../clients.ts'
import { assertContract } from '../contract.ts'
import { startHuggingFaceEmulator, type HuggingFaceEmulator } from '../hugging-face.ts'
import { json, text, type Reply } from '../reply.ts'

const problemsOf = (emulator: HuggingFaceEmulator, side?: 'request') =>
  emulator
    .takeViolations()
    .filter((violation) => side === undefined || violation.side === side)
    .map(({ problem }) => problem)

describe('contract of Hugging Face', () => {
  let emulator: HuggingFaceEmulator

  beforeEach(async () => {
    emulator = await startHuggingFaceEmulator()
  })
  afterEach(() => emulator.close())

  const chat = '/v1/chat/completions'
  const asked = {
    model: 'meta-llama/Llama-3.1-8B-Instruct',
    messages: [{ role: 'user', content: 'Hi' }],
  }
  const post = (path: string, body: object, origin = emulator.url) =>
    fetch(origin + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${emulator.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).then((response) => response.text())

  const choice = { index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
  const completion = { id: 'a', created: 1, model: 'm', choices: [choice], usage }
  const chunk = {
    id: 'a',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: 'stop' }],
  }
  const events = (...data: unknown[]) =>
    text(
      200,
      data
        .map((each) => `data: ${typeof each === 'string' ? each : JSON.stringify(each)}\n\n`)
        .join(''),
      'text/event-stream',
    )

  it.each<[what: string, answer: Reply, problem: string]>([
    [
      'no usage',
      json(200, { ...completion, usage: undefined }),
      "must have required property 'usage'",
    ],
    [
      'a text for its choices',
      json(200, { ...completion, choices: 'Hi' }),
      'choices must be array',
    ],
    [
      'no finish reason',
      json(200, { ...completion, choices: [{ ...choice, finish_reason: undefined }] }),
      "required property 'finish_reason'",
    ],
    ['an error in another shape', json(400, { message: 'no' }), "required property 'error'"],
    ['HTML', text(500, '<html>', 'text/html'), 'content type text/html at 500'],
    ['a stream nobody asked for', events(chunk, '[DONE]'), 'instead of application/json'],
    ['a redirect', json(307, {}), 'status 307 is not known'],
  ])('catches a chat with %s', async (_, answer, problem) => {
    emulator.fail(chat, { kind: 'answer', answer }, { checked: true })
    await post(chat, asked)
    expect(problemsOf(emulator)).toEqual([expect.stringContaining(problem)])
  })

  it.each<[what: string, answer: Reply, problem: string, wantsUsage?: boolean]>([
    ['no [DONE]', events(chunk), 'ended without [DONE]'],
    [
      'no finish reason',
      events({ ...chunk, choices: [{ index: 0, delta: {} }] }, '[DONE]'),
      'ended without a finish reason',
    ],
    ['an event without id', events({ ...chunk, id: undefined }, '[DONE]'), "property 'id'"],
    ['an event that is not JSON', events('{"id"', '[DONE]'), 'event must be object'],
    ['usage that nobody asked for', events({ ...chunk, usage }, '[DONE]'), 'nobody asked for'],
    ['no usage', events(chunk, '[DONE]'), 'usage is missing', true],
    ['JSON in place of events', json(200, completion), 'instead of text/event-stream'],
  ])('catches a stream with %s', async (_, answer, problem, wantsUsage = false) => {
    emulator.fail(chat, { kind: 'answer', answer }, { checked: true })
    const more = wantsUsage ? { stream_options: { include_usage: true } } : {}
    await post(chat, { ...asked, stream: true, ...more })
    expect(problemsOf(emulator)).toEqual([expect.stringContaining(problem)])
  })

  it('lets through what providers are known to leave out', async () => {
    const pass = async (answer: Reply, more: object) => {
      emulator.fail(chat, { kind: 'answer', answer }, { checked: true })
      await post(chat, { ...asked, ...more })
    }
    const silent = { index: 0, delta: { content: null }, finish_reason: 'stop' }
    await pass(json(200, completion), { response_format: null, stop: null })
    await pass(events({ ...chunk, usage: null, choices: [silent] }, '[DONE]'), { stream: true })
    expect(problemsOf(emulator)).toEqual([])
  })

  it.each([
    ['a row too few', json(200, [[1]]), '2 texts were answered with 1 vectors'],
    ['texts', json(200, ['a', 'b']), 'must be number'],
  ])('catches embeddings with %s', async (_, answer, problem) => {
    const path =
      '/hf-inference/models/sentence-transformers/all-MiniLM-L6-v2/pipeline/feature-extraction'
    emulator.fail(path, { kind: 'answer', answer }, { checked: true })
    await post(path, { inputs: ['a', 'b'] })
    expect(problemsOf(emulator)[0]).toContain(problem)
  })

  it.each([
    ['a member in camel case', chat, { ...asked, maxTokens: 3 }, "'maxTokens'"],
    ['a message without role', chat, { ...asked, messages: [{ content: 'Hi' }] }, "'role'"],
    ['a number for a text', chat, { ...asked, model: 3 }, 'body/model must be string'],
    ['an unknown route', '/v1/completions', {}, 'no such operation'],
    ['a query', `${chat}?wait=true`, asked, "query 'wait=true' is not known"],
  ])('catches a request with %s', async (_, path, body, problem) => {
    await post(path, body)
    expect(problemsOf(emulator, 'request')).toEqual([expect.stringContaining(problem)])
  })

  it('holds a text-embeddings-inference server to its own document', async () => {
    await post('/embed', { inputs: ['a'], truncation: true }, emulator.embeddingEndpointUrl)
    const answer = json(400, { error: 'no', error_type: 'bad' })
    emulator.fail('/embed', { kind: 'answer', answer }, { checked: true })
    await post('/embed', { inputs: ['a'] }, emulator.embeddingEndpointUrl)
    expect(problemsOf(emulator)).toEqual([
      expect.stringContaining("'truncation'"),
      expect.stringContaining('body/error_type must be equal to one of the allowed values'),
    ])
  })

  it('is kept by every call of the SDK', async () => {
    const messages = [{ role: 'user', content: 'Hi' }]
    const model = 'mistralai/Mistral-7B-Instruct-v0.2'
    const embedding = {
      model: 'sentence-transformers/all-MiniLM-L6-v2',
      provider: 'hf-inference',
    } as const
    const client = huggingFaceClient(emulator)
    const endpoint = endpointClient(emulator.endpointUrl)
    const embedder = endpointClient(`${emulator.embeddingEndpointUrl}/embed`)
    const options = { max_tokens: 9, temperature: 0.2, stop: ['x'], seed: 1, top_p: 0.9 }
    await client.chatCompletion({ model, messages, ...options })
    await client.chatCompletion({ model, messages, provider: 'featherless-ai' })
    await client.featureExtraction({ ...embedding, inputs: 'a' })
    await client.featureExtraction({ ...embedding, inputs: ['a', 'b'], normalize: true })
    await endpoint.chatCompletion({ model: 'any', messages })
    await embedder.featureExtraction({ inputs: ['a', 'b'], normalize: true, truncate: true })
    for (const deltas of ['whole', 'sparse'] as const) {
      emulator.settings.deltas = deltas
      const streamed = { model, messages, stream_options: { include_usage: true } }
      await Array.fromAsync(client.chatCompletionStream({ ...streamed, ...options }))
      await Array.fromAsync(endpoint.chatCompletionStream({ model: 'any', messages }))
    }
    expect(emulator.received.length).toBeGreaterThan(9)
    assertContract(emulator)
  })
})
