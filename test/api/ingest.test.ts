import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '../support/api.ts'
import { startHost, type TestHost } from '../support/host.ts'

let host: TestHost
let api: Api
beforeAll(async () => {
  host = await startHost()
  api = host.api
})
afterAll(() => host[Symbol.asyncDispose]())

describe('what was said elsewhere', () => {
  it('is remembered with all that was told of it, and its ids are in the order of the items', async () => {
    const items = [
      { text: 'I moved to Oslo.', role: 'user', ts: '2025-08-01T09:30:00+02:00' },
      {
        text: 'Congratulations on the flat!',
        role: 'assistant',
        speaker: 'Maria',
        tags: ['home', 'news'],
        conversation_id: 'letters',
        ts: '2025-08-02T10:00:00.123Z',
      },
      { text: ' Spaces stay.\n', role: 'user' },
    ]
    const { status, body } = await api.ingest({ user_id: 'ada', items })
    expect({ status, body }).toEqual({
      status: 200,
      body: { upserted: 3, ids: expect.any(Array) as string[] },
    })
    const kept = await Promise.all(body.ids.map(async (id) => (await api.get('ada', id)).body))
    expect(kept).toMatchObject([
      {
        id: body.ids[0],
        text: 'I moved to Oslo.',
        role: 'user',
        ts: '2025-08-01T07:30:00.000Z',
        tags: [],
        conversation_id: null,
        source: 'ingest',
      },
      {
        id: body.ids[1],
        role: 'assistant',
        speaker: 'Maria',
        tags: ['home', 'news'],
        conversation_id: 'letters',
        ts: '2025-08-02T10:00:00.123Z',
      },
      { id: body.ids[2], text: ' Spaces stay.\n' },
    ])
    expect(Math.abs(Date.now() - Date.parse(kept[2]!.ts))).toBeLessThan(60_000)
  })

  it('answers questions from then on', async () => {
    const items = [{ text: 'My first car was a yellow Fiat Panda.', role: 'user' }]
    await api.ingest({ user_id: 'bo', items })
    const { body } = await api.chat({ user_id: 'bo', message: 'What was my first car?' })
    expect(body.response).toContain('yellow Fiat Panda')
  })

  it('keeps the order of items that have one time, a thousand of them', async () => {
    const items = Array.from({ length: 1000 }, (_, n) => ({ text: `Line ${n}.`, role: 'user' }))
    const { body } = await api.ingest({ user_id: 'cy', items })
    expect(body.ids).toHaveLength(1000)
    expect(body.ids).toEqual(body.ids.toSorted())
    const newest = await api.list('cy', { limit: '3' })
    expect(newest.body.results.map(({ text }) => text)).toEqual([
      'Line 999.',
      'Line 998.',
      'Line 997.',
    ])
  })

  it('is nobody’s neighbour without a conversation, and lends within one', async () => {
    const pair = (conversation: object) => [
      { text: 'What colour shall the boat get?', role: 'assistant', ...conversation },
      { text: 'Turquoise, I think.', role: 'user', ...conversation },
    ]
    await api.ingest({ user_id: 'loose', items: pair({}) })
    await api.ingest({ user_id: 'tied', items: pair({ conversation_id: 'boat' }) })
    const scoreOf = async (userId: string) => {
      const query = 'Which colour did I want for the boat?'
      const all = { user_id: userId, query, top_k: 5, score_threshold: 0 }
      const { results } = (await api.search(all)).body
      return results.find(({ text }) => text === 'Turquoise, I think.')!.score
    }
    expect(await scoreOf('tied')).toBeGreaterThan(await scoreOf('loose'))
  })

  it('is all kept or nothing: one wrong item keeps out the others', async () => {
    const items = [
      { text: 'A good one.', role: 'user' },
      { text: '', role: 'user' },
    ]
    expect((await api.ingest({ user_id: 'di', items })).status).toBe(422)
    expect((await api.list('di')).body.results).toEqual([])
  })

  it('is durable once it was answered: a kill right after loses nothing', async () => {
    await using first = await startHost()
    const items = Array.from({ length: 50 }, (_, n) => ({ text: `Fact ${n}.`, role: 'user' }))
    const { body } = await first.api.ingest({ user_id: 'ed', items })
    await first.stop('SIGKILL')
    await using second = await startHost({ dataDir: first.dataDir })
    const { results } = (await second.api.list('ed', { limit: '200' })).body
    expect(results.map(({ id }) => id).toReversed()).toEqual(body.ids)
  })
})
