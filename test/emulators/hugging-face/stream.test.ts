import { InferenceClientProviderApiError } from '@huggingface/inference'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { endpointClient, huggingFaceClient } from '../clients.ts'
import { assertContract } from '../contract.ts'
import type { Fault, StreamFault } from '../faults.ts'
import { startHuggingFaceEmulator, type HuggingFaceEmulator } from '../hugging-face.ts'

const model = 'meta-llama/Llama-3.1-8B-Instruct'
const messages = [{ role: 'user', content: 'Hi' }]
const route = 'POST /v1/chat/completions'

describe('streamed chats of Hugging Face', () => {
  let emulator: HuggingFaceEmulator
  let client: ReturnType<typeof huggingFaceClient>

  beforeEach(async () => {
    emulator = await startHuggingFaceEmulator({ reply: () => 'Zoë trinkt gern Tee 🍵.' })
    client = huggingFaceClient(emulator)
  })
  afterEach(async () => {
    await emulator.close()
    assertContract(emulator)
  })

  /** What a careless reader makes of a stream: the text, and the last finish reason. */
  async function read(more: object = {}, signal?: AbortSignal) {
    let said = ''
    let finishReason: string | undefined
    let usage: unknown
    const options = signal ? { signal } : {}
    for await (const chunk of client.chatCompletionStream({ model, messages, ...more }, options)) {
      said += chunk.choices[0]?.delta.content ?? ''
      finishReason = chunk.choices[0]?.finish_reason ?? finishReason
      usage = chunk.usage ?? usage
    }
    return { said, finishReason, usage }
  }

  it.each([
    ['whole', 'plain'],
    ['whole', 'awkward'],
    ['sparse', 'plain'],
    ['sparse', 'awkward'],
  ] as const)('arrive whole: %s deltas in %s events', async (deltas, events) => {
    Object.assign(emulator.settings, { deltas, events })
    expect(await read()).toEqual({ said: 'Zoë trinkt gern Tee 🍵.', finishReason: 'stop' })
  })

  it('arrive token by token where tokens take time', async () => {
    Object.assign(emulator.settings, { timeToFirstTokenMs: 5, msPerToken: 2, events: 'awkward' })
    expect(await read()).toMatchObject({ said: 'Zoë trinkt gern Tee 🍵.', finishReason: 'stop' })
    expect(emulator.received[0]?.tokensMade).toBe(5)
  })

  it('count tokens only when asked to, after the last choice', async () => {
    expect((await read()).usage).toBeUndefined()
    const { usage } = await read({ stream_options: { include_usage: true } })
    expect(usage).toMatchObject({ completion_tokens: 5 })
    const last = (await lastEvents()).at(-2)
    expect(JSON.parse(last ?? '')).toMatchObject({ choices: [], usage: { completion_tokens: 5 } })
  })

  it('end at the number of tokens that were allowed', async () => {
    expect(await read({ max_tokens: 2 })).toEqual({ said: 'Zoë trinkt', finishReason: 'length' })
  })

  it('are not asked for before the first is awaited', async () => {
    const stream = client.chatCompletionStream({ model, messages })
    expect(emulator.received).toEqual([])
    await stream.next()
    expect(emulator.received).toHaveLength(1)
    await stream.return(undefined)
  })

  it.each<[as: StreamFault['as'], said: string, finishReason: string | undefined]>([
    ['truncate', 'Zoë trinkt', undefined],
    ['unterminated', 'Zoë trinkt', undefined],
    ['done-without-finish', 'Zoë trinkt', undefined],
    ['finish-without-done', 'Zoë trinkt gern Tee 🍵.', 'stop'],
  ])('that %s look like a success to the SDK', async (as, said, finishReason) => {
    emulator.fail(route, { kind: 'stream', as, afterTokens: 2 }, { times: 2 })
    expect(await read()).toEqual({ said, finishReason })
    expect((await lastEvents()).includes('[DONE]')).toBe(as === 'done-without-finish')
  })

  it.each<[fault: Fault, error: object]>([
    [{ kind: 'stream', as: 'reset' }, { name: 'TypeError' }],
    [{ kind: 'stream', as: 'bad-json' }, { name: 'SyntaxError' }],
    [{ kind: 'stream', as: 'error-event' }, { name: 'SyntaxError' }],
    [{ kind: 'stream', as: 'error-data' }, { httpResponse: { status: 200 } }],
    [{ kind: 'stream', as: 'not-a-stream' }, { httpResponse: { status: 200 } }],
    [{ kind: 'html', status: 200 }, { httpResponse: { status: 200 } }],
    [{ kind: 'half-body' }, { name: 'TypeError' }],
    [{ kind: 'status', status: 402 }, { httpResponse: { status: 402 } }],
    [{ kind: 'status', status: 429, retryAfter: 3 }, { httpResponse: { status: 429 } }],
    [{ kind: 'status', status: 503 }, { httpResponse: { body: { estimated_time: 20 } } }],
  ])('fail with %o', async (fault, error) => {
    emulator.fail(route, fault)
    await expect(read()).rejects.toMatchObject(error)
    expect(await read()).toMatchObject({ finishReason: 'stop' })
    expect(emulator.received[0]?.clientClosedAtMs).toBeUndefined()
  })

  it('leave faults of streams to streams', async () => {
    const scripted = emulator.fail(route, { kind: 'stream', as: 'reset' })
    await client.chatCompletion({ model, messages })
    expect(scripted.hits).toBe(0)
    await expect(read()).rejects.toThrow('terminated')
  })

  it('that stall go on until the client hangs up, which is written down', async () => {
    emulator.fail(route, { kind: 'stream', as: 'stall', afterTokens: 3 })
    const hangUp = new AbortController()
    const reading = read({}, hangUp.signal)
    await expect.poll(() => emulator.received[0]?.tokensMade).toBe(3)
    hangUp.abort()
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
    await expect.poll(() => emulator.received[0]?.clientClosedAtMs).toBeDefined()
    expect(emulator.received[0]).toMatchObject({ tokensMade: 3, answeredAtMs: undefined })
  })

  it('are made to the end for a reader that only stops reading, and not for one that hangs up', async () => {
    emulator.settings.msPerToken = 5
    const readOne = async (signal: AbortSignal) => {
      const stream = client.chatCompletionStream({ model, messages }, { signal })
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
    }
    await readOne(new AbortController().signal)
    await expect.poll(() => emulator.received[0]?.tokensMade).toBe(5)

    emulator.settings.reply = () => Array.from({ length: 1_000 }, () => 'x')
    const hangUp = new AbortController()
    await readOne(hangUp.signal)
    hangUp.abort()
    await expect.poll(() => emulator.received[1]?.clientClosedAtMs).toBeDefined()
    expect(emulator.received[1]?.tokensMade).toBeLessThan(1_000)
  })

  it('are not made to the end either where nobody waits for the whole answer', async () => {
    emulator.settings.msPerToken = 5
    emulator.settings.reply = () => Array.from({ length: 1_000 }, () => 'x')
    const hangUp = new AbortController()
    const asked = client.chatCompletion({ model, messages }, { signal: hangUp.signal })
    await expect.poll(() => emulator.received[0]?.tokensMade).toBeGreaterThan(1)
    hangUp.abort()
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
    await expect.poll(() => emulator.received[0]?.clientClosedAtMs).toBeDefined()
    expect(emulator.received[0]?.tokensMade).toBeLessThan(1_000)
  })

  it('are asked for again at once and without end when the SDK may repeat a 503', async () => {
    const eager = huggingFaceClient(emulator, { retries: true })
    emulator.fail(route, { kind: 'status', status: 503 }, { times: 20 })
    await eager.chatCompletion({ model, messages })
    expect(emulator.received).toHaveLength(21)
  })

  /** The data of each event of one more stream. */
  async function lastEvents() {
    const response = await fetch(`${emulator.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${emulator.token}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        model,
        messages,
        stream: true,
        stream_options: { include_usage: true },
      }),
    })
    const events = (await response.text()).split('\n\n')
    return events.filter((event) => event !== '').map((event) => event.slice('data: '.length))
  }
})

describe('OpenAI-shaped server', () => {
  let emulator: HuggingFaceEmulator
  beforeEach(async () => {
    emulator = await startHuggingFaceEmulator({ reply: () => 'Hello there.' })
  })
  afterEach(async () => {
    await emulator.close()
    assertContract(emulator)
  })

  it.each(['', '/', '/v1', '/v1/'])(
    'chats at its base URL with %j behind it, without a token, about any model, with a system role',
    async (end) => {
      const client = endpointClient(emulator.endpointUrl + end)
      const chat = {
        model: 'llama3.2:3b',
        messages: [{ role: 'system', content: 'Be brief.' }, ...messages],
      }
      const answer = await client.chatCompletion(chat)
      expect(answer.choices[0]?.message.content).toBe('Hello there.')
      const chunks = await Array.fromAsync(client.chatCompletionStream(chat))
      expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(
        'Hello there.',
      )
    },
  )

  it('wants its key where it has one, and says no as OpenAI does', async () => {
    await using locked = await startHuggingFaceEmulator({ endpointToken: 'secret' })
    const chat = (token: string) =>
      endpointClient(locked.endpointUrl, token).chatCompletion({ model: 'any', messages })
    await expect(chat('other')).rejects.toMatchObject({
      httpResponse: { status: 401, body: { error: { type: 'authentication_error' } } },
    })
    await chat('secret')
  })

  it('tells its model and that it is well', async () => {
    const get = async (path: string) => (await fetch(emulator.endpointUrl + path)).json()
    expect(await get('/v1/models')).toMatchObject({ data: [{ id: 'local-model' }] })
    expect(await get('/health')).toEqual({ status: 'ok' })
  })

  it('hands a page of HTML through the SDK as if it were an answer', async () => {
    emulator.fail('/v1/chat/completions', { kind: 'html', status: 200 })
    const answer = await endpointClient(emulator.endpointUrl).chatCompletion({
      model: 'any',
      messages,
    })
    expect(answer).toBeInstanceOf(Blob)
  })

  it('fails as it is told to', async () => {
    emulator.fail('/v1/chat/completions', { kind: 'status', status: 500 })
    const chat = endpointClient(emulator.endpointUrl).chatCompletion({ model: 'any', messages })
    await expect(chat).rejects.toThrow(InferenceClientProviderApiError)
  })
})
