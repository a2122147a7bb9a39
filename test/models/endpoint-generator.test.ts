import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createChatEndpointFetch } from '../../lib/models/endpoint.ts'
import { createEndpointGenerator } from '../../lib/models/endpoint-generator.ts'
import { assertContract } from '../emulators/contract.ts'
import { type HuggingFaceEmulator, startHuggingFaceEmulator } from '../emulators/hugging-face.ts'
import { failureOf, finalPiece, promptOf, textOf } from './generating.ts'

const CHAT = 'POST /v1/chat/completions'

let emulator: HuggingFaceEmulator

beforeEach(async () => {
  emulator = await startHuggingFaceEmulator({ reply: () => 'You like tea.' })
})
afterEach(async () => {
  await emulator.close()
  assertContract(emulator)
})

function open({
  url = emulator.endpointUrl,
  token,
  model,
  patienceMs = 5000,
}: { url?: string; token?: string; model?: string; patienceMs?: number } = {}) {
  const fetch = createChatEndpointFetch({ url, token }, { retries: 0 })
  return createEndpointGenerator({
    url,
    token,
    model,
    fetch,
    firstTokenTimeoutMs: patienceMs,
    stallTimeoutMs: patienceMs,
  })
}

describe('Generator: an OpenAI-shaped server', () => {
  it('streams an answer and ends with the usage and the model that answered', async () => {
    const generator = open()
    const pieces = await Array.fromAsync(
      generator.generate(promptOf('What do I like?'), new AbortController().signal),
    )
    expect(pieces.map((piece) => (piece.type === 'text' ? piece.text : '|')).join('')).toBe(
      'You like tea.|',
    )
    expect(finalPiece(pieces)).toEqual({
      type: 'end',
      finishReason: 'stop',
      usage: { promptTokens: expect.any(Number), completionTokens: 3, model: 'local-model' },
    })
    expect(emulator.requests(CHAT)[0]?.headers.authorization).toBeUndefined()
  })

  it.each(['', '/', '/v1', '/v1/'])('takes a base URL that ends in “%s”', async (end) => {
    expect(await textOf(open({ url: emulator.endpointUrl + end }))).toBe('You like tea.')
  })

  it('asks for the model it was told, and otherwise for the one the server lists, once', async () => {
    expect(await textOf(open({ model: 'llama3.2' }))).toBe('You like tea.')
    expect(emulator.requests('GET /v1/models')).toHaveLength(0)
    const generator = open()
    await textOf(generator)
    await textOf(generator)
    expect(generator.name).toBe('local-model')
    expect(emulator.requests('GET /v1/models')).toHaveLength(1)
    const asked = emulator.requests(CHAT).map(({ json }) => (json as { model: string }).model)
    expect(asked).toEqual(['llama3.2', 'local-model', 'local-model'])
  })

  it('sends a token where it has one, and says which setting is wrong where it is refused', async () => {
    await using locked = await startHuggingFaceEmulator({ endpointToken: 'sesame' })
    const url = locked.endpointUrl
    expect(await textOf(open({ url, token: 'sesame' }))).not.toBe('')
    const failure = await failureOf(open({ url, token: 'wrong' }))
    expect(failure).toMatchObject({ failure: 'refused', status: 502 })
    expect(failure.message).toContain('HF_ENDPOINT_TOKEN')
  })

  it.each([
    ['truncate', 'nonsense'],
    ['done-without-finish', 'nonsense'],
    ['bad-json', 'nonsense'],
    ['error-data', 'nonsense'],
    ['error-event', 'nonsense'],
    ['not-a-stream', 'nonsense'],
    ['reset', 'unavailable'],
    ['stall', 'timeout'],
  ] as const)('takes a stream that goes wrong (%s) for a failure (%s)', async (as, failure) => {
    emulator.fail(CHAT, { kind: 'stream', as })
    expect(await failureOf(open(as === 'stall' ? { patienceMs: 100 } : {}))).toMatchObject({
      failure,
    })
  })

  it('names an error that came within the stream', async () => {
    emulator.fail(CHAT, { kind: 'stream', as: 'error-data' })
    expect((await failureOf(open())).message).toContain('error_in_stream')
    emulator.fail(CHAT, { kind: 'stream', as: 'error-event' })
    expect((await failureOf(open())).message).toContain('error_in_stream')
  })

  it.each(['finish-without-done', 'unterminated'] as const)(
    'takes a stream that says all (%s) for an answer',
    async (as) => {
      emulator.fail(CHAT, { kind: 'stream', as })
      expect(await textOf(open())).toMatch(/^You/)
    },
  )

  it.each([
    [
      { kind: 'status', status: 429, retryAfter: 7 },
      { status: 503, headers: { 'retry-after': '7' } },
    ],
    [{ kind: 'status', status: 503 }, { status: 503 }],
    [
      { kind: 'status', status: 400 },
      { status: 502, failure: 'nonsense' },
    ],
    [
      { kind: 'html', status: 200 },
      { status: 502, failure: 'nonsense' },
    ],
    [{ kind: 'html', status: 502 }, { status: 503 }],
    [{ kind: 'empty-object' }, { status: 502, failure: 'nonsense' }],
    [{ kind: 'reset' }, { status: 503 }],
    [{ kind: 'hang' }, { status: 504 }],
  ] as const)('tells what %j means for the caller', async (fault, expected) => {
    emulator.fail(CHAT, fault)
    const generator = open(fault.kind === 'hang' ? { patienceMs: 100 } : {})
    expect(await failureOf(generator)).toMatchObject(expected)
  })

  it('reads a stream however it is cut and decorated', async () => {
    emulator.settings.events = 'awkward'
    emulator.settings.reply = () => 'Grün, 緑 and 🍵.'
    expect(await textOf(open())).toBe('Grün, 緑 and 🍵.')
  })

  it('stops the server when the caller goes, in the middle of an answer', async () => {
    emulator.settings.msPerToken = 20
    emulator.settings.reply = () => 'word '.repeat(200)
    const caller = new AbortController()
    const reason = new Error('gone')
    const generating = (async () => {
      for await (const _ of open().generate(promptOf('Hi'), caller.signal)) caller.abort(reason)
    })()
    await expect(generating).rejects.toBe(reason)
    await expect.poll(() => emulator.requests(CHAT)[0]?.clientClosedAtMs).toBeDefined()
  })

  it('stops the server when nobody reads on', async () => {
    emulator.settings.msPerToken = 20
    emulator.settings.reply = () => 'word '.repeat(200)
    for await (const _ of open().generate(promptOf('Hi'), new AbortController().signal)) break
    await expect.poll(() => emulator.requests(CHAT)[0]?.clientClosedAtMs).toBeDefined()
  })

  it('opens no connection for an answer once it is warm', async () => {
    const generator = open()
    await generator.warm(2) // The end of one answer may still be on its way when the next is asked for.
    const opened = emulator.connections()
    expect(opened).toBe(2)
    for (let turn = 0; turn < 5; turn += 1) await textOf(generator)
    expect(emulator.connections()).toBe(opened)
  })

  it('counts the tokens itself where the server does not, and stands a server without a list of models', async () => {
    const server = createServer((request, response) => {
      if (request.url !== '/api/v1/chat/completions') return response.writeHead(404).end()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      return response.end(
        'data: {"choices":[{"delta":{"content":"Tea."},"finish_reason":"length"}]}\n\ndata: [DONE]\n\n',
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`
    const pieces = await Array.fromAsync(
      open({ url }).generate(promptOf('Hi'), new AbortController().signal),
    )
    server.close()
    expect(finalPiece(pieces)).toMatchObject({
      finishReason: 'length',
      usage: { completionTokens: 2, model: 'default' },
    })
  })
})
