import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { GeneratorPiece } from '../../lib/models/generator.ts'
import { createHuggingFaceFetches } from '../../lib/models/huggingface.ts'
import {
  createHuggingFaceGenerator,
  type HuggingFaceGeneratorOptions,
} from '../../lib/models/huggingface-generator.ts'
import { assertContract } from '../emulators/contract.ts'
import { type HuggingFaceEmulator, startHuggingFaceEmulator } from '../emulators/hugging-face.ts'
import type { ReceivedRequest } from '../emulators/received.ts'
import { failureOf, finalPiece, promptOf, textOf } from './generating.ts'

const CHAT = 'POST /v1/chat/completions'
const mistral = 'mistralai/Mistral-7B-Instruct-v0.2'
const llama = 'meta-llama/Llama-3.1-8B-Instruct'
const gptOss = 'openai/gpt-oss-20b'

let emulator: HuggingFaceEmulator

beforeEach(async () => {
  emulator = await startHuggingFaceEmulator({ reply: () => 'You like tea.' })
})
afterEach(async () => {
  await emulator.close()
  assertContract(emulator)
})

const fetches = (retries = 0) =>
  createHuggingFaceFetches({
    token: emulator.token,
    chatModel: mistral,
    embeddingModel: 'sentence-transformers/all-MiniLM-L6-v2',
    origins: emulator.origins,
    random: () => 0,
    retries,
  })

const open = ({
  retries,
  ...options
}: Partial<HuggingFaceGeneratorOptions> & { retries?: number } = {}) =>
  createHuggingFaceGenerator({
    token: emulator.token,
    model: mistral,
    fetch: fetches(retries).chat,
    ...options,
  })

const generate = (generator = open(), signal = new AbortController().signal) =>
  Array.fromAsync(generator.generate(promptOf('What do I like?'), signal))

const bodyOf = ({ json }: ReceivedRequest) =>
  json as { model: string; messages: { role: string; content: string }[]; stream_options?: object }
const modelsAsked = () => emulator.requests(CHAT).map((request) => bodyOf(request).model)
/** Requests for one model: what is scripted for them leaves the others alone. */
const askedFor = (model: string) => (request: ReceivedRequest) =>
  request.path === '/v1/chat/completions' && bodyOf(request).model === model

describe('Generator: Hugging Face', () => {
  it('streams an answer and ends with the usage and the model that answered', async () => {
    const pieces = await generate()
    expect(pieces).toEqual<GeneratorPiece[]>([
      { type: 'text', text: 'You' },
      { type: 'text', text: ' like' },
      { type: 'text', text: ' tea.' },
      {
        type: 'end',
        finishReason: 'stop',
        usage: { promptTokens: expect.any(Number) as number, completionTokens: 3, model: mistral },
      },
    ])
  })

  it('asks for usage, which comes with a stream only when it is asked for', async () => {
    await generate()
    expect(bodyOf(emulator.requests(CHAT)[0]!).stream_options).toEqual({ include_usage: true })
  })

  it('asks the router by the token alone: no look-up at the hub before the first word', async () => {
    await generate()
    expect(emulator.received.map(({ method, path }) => `${method} ${path}`)).toEqual([CHAT])
    expect(emulator.received[0]?.headers.authorization).toBe(`Bearer ${emulator.token}`)
  })

  it('says when an answer was cut by its length', async () => {
    emulator.settings.reply = () => 'word '.repeat(1200)
    expect(finalPiece(await generate())).toMatchObject({ finishReason: 'length' })
  })

  it('gives Mistral v0.2 no system role and strict turns, which it refuses otherwise', async () => {
    const turns = [
      { role: 'user', text: 'Hello?' },
      { role: 'user', text: 'Are you there?' },
      { role: 'assistant', text: 'Yes.' },
    ] as const
    expect(await textOf(open(), promptOf('What do I like?', { turns }))).toBe('You like tea.')
    const { messages } = bodyOf(emulator.requests(CHAT)[0]!)
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
  })

  it('passes on a suffix that chooses the provider', async () => {
    expect(await textOf(open({ model: `${mistral}:featherless-ai` }))).toBe('You like tea.')
    expect(modelsAsked()).toEqual([`${mistral}:featherless-ai`])
  })

  it('refuses a token that the SDK would send to nobody, before any request', () => {
    expect(() => open({ token: 'sk-123' })).toThrow(/HF_TOKEN/)
  })
})

describe('A stream of the router', () => {
  it.each([
    ['truncate', 'nonsense'], // Ends without a finish reason, which the SDK takes for success.
    ['done-without-finish', 'nonsense'],
    ['bad-json', 'nonsense'], // A raw SyntaxError of the SDK, which quotes what it could not read.
    ['error-data', 'nonsense'], // An error with status 200.
    ['error-event', 'nonsense'],
    ['not-a-stream', 'nonsense'],
    ['reset', 'unavailable'],
    ['stall', 'timeout'],
  ] as const)('that goes wrong (%s) is a failure (%s)', async (as, failure) => {
    emulator.fail(CHAT, { kind: 'stream', as })
    const generator = open(as === 'stall' ? { stallTimeoutMs: 100 } : {})
    expect(await failureOf(generator)).toMatchObject({ name: 'UpstreamError', failure })
  })

  it('is an answer where only [DONE] is missing', async () => {
    emulator.fail(CHAT, { kind: 'stream', as: 'finish-without-done' })
    expect(await textOf(open())).toBe('You like tea.')
  })

  it('that loses its last event, as the SDK drops it, does not lose its finish reason unseen', async () => {
    emulator.fail(CHAT, { kind: 'stream', as: 'unterminated' })
    expect(await failureOf(open())).toMatchObject({ failure: 'nonsense' })
  })

  it('is read in any deltas and however it is cut', async () => {
    emulator.settings.events = 'awkward'
    emulator.settings.reply = () => 'Grün, 緑 and 🍵.'
    for (const deltas of ['whole', 'sparse'] as const) {
      emulator.settings.deltas = deltas
      expect(await textOf(open())).toBe('Grün, 緑 and 🍵.')
    }
  })

  it('has a deadline for its first token and none for the rest while it goes on', async () => {
    const impatient = { firstTokenTimeoutMs: 400 }
    emulator.settings.timeToFirstTokenMs = 5000
    expect(await failureOf(open(impatient))).toMatchObject({ failure: 'timeout', status: 504 })
    emulator.settings.timeToFirstTokenMs = 0
    emulator.settings.msPerToken = 120
    emulator.settings.reply = () => 'one two three four five six'
    expect(await textOf(open(impatient))).toBe('one two three four five six')
  })

  it('is ended when the caller goes: the router sees the close and makes no more tokens', async () => {
    emulator.settings.msPerToken = 20
    emulator.settings.reply = () => 'word '.repeat(200)
    const caller = new AbortController()
    const reason = new Error('gone')
    const generating = (async () => {
      for await (const _ of open().generate(promptOf('Hi'), caller.signal)) caller.abort(reason)
    })()
    await expect(generating).rejects.toBe(reason)
    const request = emulator.requests(CHAT)[0]!
    await expect.poll(() => request.clientClosedAtMs).toBeDefined()
    expect(request.tokensMade).toBeLessThan(200)
  })

  it('is ended when nobody reads on, which the SDK alone would leave open and billed', async () => {
    emulator.settings.msPerToken = 20
    emulator.settings.reply = () => 'word '.repeat(200)
    for await (const _ of open().generate(promptOf('Hi'), new AbortController().signal)) break
    await expect.poll(() => emulator.requests(CHAT)[0]?.clientClosedAtMs).toBeDefined()
  })

  it('asks nothing for a caller who has gone already', async () => {
    const reason = new Error('gone')
    await expect(generate(open(), AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(emulator.received).toEqual([])
  })
})

describe('A refusal of the router', () => {
  it.each([
    [{ kind: 'status', status: 401 }, { status: 502, failure: 'refused' }, /401.*HF_TOKEN/],
    [{ kind: 'status', status: 402 }, { status: 502, failure: 'refused' }, /402.*credit/],
    [{ kind: 'status', status: 403 }, { status: 502, failure: 'refused' }, /403.*licence/],
    [{ kind: 'status', status: 404 }, { status: 502, failure: 'nonsense' }, /404.*HF_LLM_MODEL/],
    [{ kind: 'status', status: 429 }, { status: 503, headers: { 'retry-after': '5' } }, /429/],
    [
      { kind: 'status', status: 429, retryAfter: 7 },
      { status: 503, headers: { 'retry-after': '7' } },
      /429/,
    ],
    [{ kind: 'status', status: 500 }, { status: 503, failure: 'unavailable' }, /500/],
    [{ kind: 'status', status: 503 }, { status: 503, failure: 'unavailable' }, /503/],
    [{ kind: 'html', status: 504 }, { status: 503, failure: 'unavailable' }, /504/],
    [{ kind: 'html', status: 200 }, { status: 502, failure: 'nonsense' }, /understood/],
    [{ kind: 'empty-object' }, { status: 502, failure: 'nonsense' }, /understood/],
    [{ kind: 'reset' }, { status: 503, failure: 'unavailable' }, /reached/],
    [{ kind: 'half-body' }, { status: 503, failure: 'unavailable' }, /reached/],
    [{ kind: 'hang' }, { status: 504, failure: 'timeout' }, /in time/],
  ] as const)('%j is told to the caller', async (fault, expected, detail) => {
    emulator.fail(CHAT, fault)
    const failure = await failureOf(open(fault.kind === 'hang' ? { firstTokenTimeoutMs: 100 } : {}))
    expect(failure).toMatchObject(expected)
    expect(failure.message).toMatch(detail)
  })

  it('of a model that nobody serves names the setting, though the SDK hides the code', async () => {
    const failure = await failureOf(open({ model: 'nobody/serves-this' }))
    expect(failure).toMatchObject({ status: 502 })
    expect(failure.message).toMatch(/model_not_supported.*HF_LLM_MODEL/)
  })

  it('of 503 is repeated twice with a pause, not at once and for ever', async () => {
    emulator.fail(CHAT, { kind: 'status', status: 503 }, { times: Infinity })
    await failureOf(open({ retries: 2 }))
    expect(emulator.requests(CHAT)).toHaveLength(3)
  })
})

describe('Fallbacks', () => {
  it.each([
    ['not served', () => emulator.setModel(mistral, { providers: {} })],
    ['not allowed', () => emulator.setModel(mistral, { ...gated() })],
    ['404', () => emulator.fail(askedFor(mistral), { kind: 'status', status: 404 })],
    ['out of credit', () => emulator.fail(askedFor(mistral), { kind: 'status', status: 402 })],
    ['overloaded', () => emulator.fail(askedFor(mistral), { kind: 'status', status: 429 })],
    ['loading', () => emulator.fail(askedFor(mistral), { kind: 'status', status: 503 })],
    [
      'behind a broken gateway',
      () => emulator.fail(askedFor(mistral), { kind: 'html', status: 502 }),
    ],
    [
      'failing in its first event',
      () => emulator.fail(askedFor(mistral), { kind: 'stream', as: 'error-data', afterTokens: 0 }),
    ],
  ])('answer where a model is %s, and are named as the one that answered', async (_, script) => {
    script()
    const pieces = await generate(open({ fallbacks: [llama, gptOss], retries: 2 }))
    expect(finalPiece(pieces)).toMatchObject({ usage: { model: llama } })
    expect(modelsAsked()).toEqual([mistral, llama])
  })

  it('are asked in their order, each in the form of its family', async () => {
    emulator.fail(askedFor(mistral), { kind: 'status', status: 503 })
    emulator.fail(askedFor(llama), { kind: 'status', status: 429 })
    await generate(open({ fallbacks: [llama, gptOss] }))
    expect(modelsAsked()).toEqual([mistral, llama, gptOss])
    const roles = emulator.requests(CHAT).map((request) => bodyOf(request).messages[0]?.role)
    expect(roles).toEqual(['user', 'system', 'system'])
  })

  it('are of no use where the token is refused or nobody can be reached', async () => {
    emulator.fail(CHAT, { kind: 'status', status: 401 })
    await failureOf(open({ fallbacks: [llama] }))
    emulator.fail(CHAT, { kind: 'reset' })
    await failureOf(open({ fallbacks: [llama] }))
    expect(modelsAsked()).toEqual([mistral, mistral])
  })

  it('do not take over what another model has begun to say', async () => {
    emulator.fail(CHAT, { kind: 'stream', as: 'error-data', afterTokens: 1 })
    expect(await failureOf(open({ fallbacks: [llama] }))).toMatchObject({ failure: 'nonsense' })
    expect(modelsAsked()).toEqual([mistral])
  })

  it('that all fail are told by the failure that may pass, else by the first', async () => {
    emulator.fail(askedFor(mistral), { kind: 'status', status: 402 })
    emulator.fail(askedFor(llama), { kind: 'status', status: 429, retryAfter: 3 })
    const passing = await failureOf(open({ fallbacks: [llama] }))
    expect(passing).toMatchObject({ status: 503, headers: { 'retry-after': '3' } })
    emulator.fail(askedFor(mistral), { kind: 'status', status: 402 })
    emulator.fail(askedFor(llama), { kind: 'status', status: 404 })
    expect((await failureOf(open({ fallbacks: [llama] }))).message).toMatch(/402/)
  })

  it('spare a model that is not served for ten minutes', async () => {
    let nowMs = 0
    const now = () => new Date(nowMs)
    const generator = open({ fallbacks: [llama], now })
    emulator.fail(askedFor(mistral), { kind: 'status', status: 404 })
    await generate(generator)
    await generate(generator)
    nowMs = 11 * 60_000
    await generate(generator)
    expect(modelsAsked()).toEqual([mistral, llama, llama, mistral])
  })

  it('bound the prompt by the smallest of their windows', () => {
    expect(open().promptTokens).toBe(6000)
    expect(open({ fallbacks: ['who/knows'] }).promptTokens).toBe(3000)
  })
})

describe('Connections to Hugging Face', () => {
  it('are warm before the first chat, and none is opened later', async () => {
    const generator = open()
    await generator.warm(2)
    const opened = emulator.connections()
    for (let turn = 0; turn < 5; turn += 1) await generate(generator)
    expect(emulator.connections()).toBe(opened)
  })

  it('may be away when we start', async () => {
    await emulator.goDown()
    await expect(open().warm()).resolves.toBeUndefined()
  })

  it('are judged by recent traffic and by a probe that costs nothing', async () => {
    const { chat } = fetches()
    expect(await chat.check()).toEqual({ status: 'ok' })
    expect(emulator.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /v1/models/${mistral}`,
    ])
    emulator.fail(CHAT, { kind: 'status', status: 402 })
    await failureOf(open({ fetch: chat }))
    expect(await chat.check()).toEqual({ status: 'error', detail: 'Hugging Face answered 402.' })
  })

  it('show a token that is refused by the probe', async () => {
    const { chat } = createHuggingFaceFetches({
      token: 'hf_wrong',
      chatModel: mistral,
      embeddingModel: 'x',
      origins: emulator.origins,
    })
    expect(await chat.check()).toMatchObject({ status: 'error' })
  })
})

function gated() {
  return {
    providers: {
      'featherless-ai': { status: 'live', providerId: mistral, task: 'conversational' },
    },
    chat: { contextTokens: 32_768, isStrictAboutRoles: true },
    isLocked: true,
  } as const
}
