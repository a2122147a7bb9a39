import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { replyIdOf } from '../../lib/memory/ids.ts'
import type { Api, ChatAnswer } from '../support/api.ts'
import { textOf } from '../support/events.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { problemOf } from '../support/problems.ts'

let host: TestHost
let api: Api
beforeAll(async () => {
  host = await startHost()
  api = host.api
})
afterAll(() => host[Symbol.asyncDispose]())

describe('an answer', () => {
  it('has all that a caller may rely on', async () => {
    await api.chat({ user_id: 'ada', message: 'I am allergic to peanuts.' })
    const { body, headers } = await api.chat({
      user_id: 'ada',
      message: 'What am I allergic to?',
      message_id: 'question-1',
    })
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    const some = expect.any(Number) as number
    expect(body).toEqual({
      response: 'Today you said: “I am allergic to peanuts.”',
      context: [
        {
          id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/) as string,
          text: 'I am allergic to peanuts.',
          ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
          role: 'user',
          tags: [],
          conversation_id: 'default',
          source: 'chat',
          pinned: false,
          score: some,
          why: expect.any(Object) as object,
        },
      ],
      usage: { prompt_tokens: some, completion_tokens: some, model: 'built-in' },
      latency_ms: some,
      timings: { embed_ms: some, recall_ms: some, first_token_ms: some },
      user_id: 'ada',
      conversation_id: 'default',
      message_id: 'question-1',
      memory: { message: 'stored', reply: 'stored' },
    })
    const { score, why } = body.context[0]!
    expect(score).toBeGreaterThan(0)
    expect(score).toBeLessThanOrEqual(1)
    expect(Object.values(why).every((part) => typeof part === 'number')).toBe(true)
  })

  it('makes a message_id where the caller has none', async () => {
    const ids = await Promise.all(
      ['Hello!', 'Hello!'].map(async (message) => {
        const { body } = await api.chat({ user_id: 'ida', message })
        return body.message_id
      }),
    )
    expect(new Set(ids)).toHaveLength(2)
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{8,64}$/)
  })

  it('quotes what was said, with its day, and says when there is nothing', async () => {
    const items = [
      { text: 'My sister Ruth lives in Lisbon.', role: 'user', ts: '2026-03-07T10:00:00+01:00' },
    ]
    await api.ingest({ user_id: 'grace', items })
    const ask = async (message: string) =>
      (await api.chat({ user_id: 'grace', message })).body.response
    expect(await ask('Where does my sister live?')).toBe(
      'On 7 March 2026 you said: “My sister Ruth lives in Lisbon.”',
    )
    expect(await ask('Which submarine did Napoleon steer?')).toBe('I remember nothing about that.')
  })

  it('acknowledges a statement by what it noted', async () => {
    const { body } = await api.chat({ user_id: 'ada', message: '  My cat is called Pixel.\n' })
    expect(body.response).toBe('Noted: “My cat is called Pixel.”')
    expect((await api.list('ada')).body.results.map(({ text }) => text)).toContain(
      'My cat is called Pixel.',
    )
  })

  it('never recalls the message itself', async () => {
    const message = 'Elephants remember waterholes.'
    const texts = ({ context }: ChatAnswer) => context.map(({ text }) => text)
    const first = await api.chat({ user_id: 'joan', message, score_threshold: 0 })
    expect(texts(first.body)).toEqual([])
    const second = await api.chat({ user_id: 'joan', message, score_threshold: 0 })
    expect(texts(second.body)).toEqual([message])
  })

  it('keeps conversation and tags of its message', async () => {
    const metadata = { conversation_id: 'kitchen_1', tags: ['food', 'süß'] }
    const message = 'I like rhubarb cake.'
    const { body } = await api.chat({ user_id: 'tag', message, metadata })
    expect(body.conversation_id).toBe('kitchen_1')
    const { results } = (await api.list('tag')).body
    expect(results.find(({ text }) => text === message)).toMatchObject(metadata)
  })
})

describe('how much is recalled', () => {
  beforeAll(async () => {
    const items = Array.from({ length: 60 }, (_, day) => ({
      text: `On trip ${day} I saw a heron by the river.`,
      role: 'user',
    }))
    await api.ingest({ user_id: 'birder', items })
  })
  const recalled = async (more: { top_k?: number; score_threshold?: number }) => {
    const message = 'Where did I see the heron?'
    return (await api.chat({ user_id: 'birder', message, ...more })).body
  }

  it('is five unless the caller says otherwise, and never more', async () => {
    const { context } = await recalled({ score_threshold: 0 })
    expect(context).toHaveLength(5)
    expect((await recalled({ top_k: 2, score_threshold: 0 })).context).toHaveLength(2)
  })

  it('is none with top_k 0: the answer then remembers nothing', async () => {
    const { context, response } = await recalled({ top_k: 0, score_threshold: 0 })
    expect(context).toEqual([])
    expect(response).toBe('I remember nothing about that.')
  })

  it('is fifty with top_k 50', async () => {
    expect((await recalled({ top_k: 50, score_threshold: 0 })).context).toHaveLength(50)
  })

  it('has at least the score that the caller wants', async () => {
    const all = (await recalled({ top_k: 50, score_threshold: 0 })).context
    expect(all.length).toBeGreaterThan(0)
    for (const score_threshold of [0.3, 1]) {
      const { context } = await recalled({ top_k: 50, score_threshold })
      expect(context.filter(({ score }) => score < score_threshold)).toEqual([])
    }
  })

  it('is set for everyone by TOP_K and SCORE_THRESHOLD', async () => {
    const env = { TOP_K: '1', SCORE_THRESHOLD: '0' }
    await using narrow = await startHost({ env, dataDir: host.dataDir })
    const ask = { user_id: 'birder', message: 'Where did I see the heron?' }
    expect((await narrow.api.chat(ask)).body.context).toHaveLength(1)
    await using strict = await startHost({ env: { SCORE_THRESHOLD: '1' }, dataDir: host.dataDir })
    expect((await strict.api.chat(ask)).body.context).toEqual([])
  })
})

describe('a streamed answer', () => {
  beforeAll(() => api.chat({ user_id: 'sam', message: 'My bicycle is a red Bianchi from 1987.' }))
  const question = { user_id: 'sam', message: 'What bicycle do I have?' }

  it('tells its context, then tokens, then the whole', async () => {
    const response = await api.openStream(question)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('cache-control')).toContain('no-transform')
    const events = await api.chatEvents(question)
    const names = events.map(({ event }) => event)
    expect(names[0]).toBe('context')
    expect(names.at(-1)).toBe('done')
    expect(new Set(names.slice(1, -1))).toEqual(new Set(['token']))
    const done = events.at(-1)!.data as ChatAnswer
    expect(events[0]!.data).toEqual({ context: done.context })
    expect(done.context.length).toBeGreaterThan(0)
    expect(textOf(events)).toBe(done.response)
    expect(done.response).toContain('red Bianchi')
    await response.body?.cancel()
  })

  it('is told to whoever accepts events, and says the same as the whole at once', async () => {
    const headers = { accept: 'text/event-stream' }
    const streamed = await api.request<string>('POST', '/api/chat', { body: question, headers })
    expect(streamed.headers.get('content-type')).toContain('text/event-stream')
    expect(streamed.body).toContain('event: done')
    const whole = { ...question, stream: false }
    const answer = await api.request<ChatAnswer>('POST', '/api/chat', { body: whole, headers })
    expect(answer.body.response).toContain('red Bianchi')
  })

  it('refuses bad input before it streams', async () => {
    const response = await api.openStream({ user_id: 'sam', message: '' })
    expect(response.status).toBe(422)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })
})

describe('with STORE_REPLIES=false', () => {
  it('answers are kept for their message alone: in no list, no search and no context', async () => {
    await using silent = await startHost({ env: { STORE_REPLIES: 'false' } })
    const said = { user_id: 'ada', message: 'I collect stamps.', message_id: 'stamps-1' }
    const first = await silent.api.chat(said)
    expect(first.body.memory).toEqual({ message: 'stored', reply: 'off' })
    const { results } = (await silent.api.list('ada')).body
    expect(results.map(({ role }) => role)).toEqual(['user'])
    const query = { user_id: 'ada', query: 'noted stamps', score_threshold: 0 }
    const found = (await silent.api.search(query)).body.results
    expect(found.map(({ role }) => role)).toEqual(['user'])
    problemOf(await silent.api.get('ada', replyIdOf(results[0]!.id)), 404)
    const again = await silent.api.chat(said)
    expect(again.body).toMatchObject({ response: first.body.response, memory: { reply: 'off' } })
    expect(again.body).not.toHaveProperty('timings')
  })
})
