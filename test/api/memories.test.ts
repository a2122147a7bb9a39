import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '../support/api.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { faultsOf, problemOf } from '../support/problems.ts'

let host: TestHost
let api: Api
beforeAll(async () => {
  host = await startHost()
  api = host.api
})
afterAll(() => host[Symbol.asyncDispose]())

const day = (n: number) => `2026-03-${String(n).padStart(2, '0')}T12:00:00Z`
const diary = (length: number) =>
  Array.from({ length }, (_, n) => ({ text: `Day ${n + 1}.`, role: 'user', ts: day(n + 1) }))

describe('the list of memories', () => {
  it('shows the newest first, fifty a page unless more or fewer are wanted', async () => {
    const items = Array.from({ length: 230 }, (_, n) => ({ text: `Note ${n}.`, role: 'user' }))
    await api.ingest({ user_id: 'ada', items })
    const { body } = await api.list('ada')
    expect(body.results).toHaveLength(50)
    expect(body.results[0]).toEqual({
      id: expect.any(String) as string,
      text: 'Note 229.',
      ts: expect.stringMatching(/Z$/) as string,
      role: 'user',
      tags: [],
      conversation_id: null,
      source: 'ingest',
      pinned: false,
    })
    expect((await api.list('ada', { limit: '200' })).body.results).toHaveLength(200)
    expect((await api.list('ada', { limit: '1' })).body.results).toHaveLength(1)
  })

  it('goes by when things were said, not by when they were stored', async () => {
    await api.ingest({ user_id: 'bo', items: diary(3).toReversed() })
    const { results } = (await api.list('bo')).body
    expect(results.map(({ text }) => text)).toEqual(['Day 3.', 'Day 2.', 'Day 1.'])
  })

  it('can be paged through to its end, each memory once', async () => {
    await api.ingest({ user_id: 'cy', items: diary(25) })
    const seen: string[] = []
    const sizes: number[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await api.list('cy', { limit: '10', ...(cursor ? { cursor } : {}) })
      sizes.push(body.results.length)
      seen.push(...body.results.map(({ text }) => text))
      cursor = body.next_cursor
    }
    expect(sizes).toEqual([10, 10, 5])
    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => `Day ${25 - n}.`))
  })

  it('goes on behind its cursor, whatever was added or deleted meanwhile', async () => {
    await api.ingest({ user_id: 'di', items: diary(6) })
    const first = (await api.list('di', { limit: '2' })).body
    expect(first.results.map(({ text }) => text)).toEqual(['Day 6.', 'Day 5.'])
    await api.ingest({ user_id: 'di', items: [{ text: 'New.', role: 'user', ts: day(20) }] })
    await api.forget('di', first.results[1]!.id)
    const second = await api.list('di', { limit: '2', cursor: first.next_cursor! })
    expect(second.body.results.map(({ text }) => text)).toEqual(['Day 4.', 'Day 3.'])
  })

  it('has no next page behind a last one that is full', async () => {
    await api.ingest({ user_id: 'ed', items: diary(4) })
    const { body } = await api.list('ed', { limit: '4' })
    expect(body).toMatchObject({ next_cursor: null })
    expect(body.results).toHaveLength(4)
  })

  it('is empty for someone unknown', async () => {
    const { status, body } = await api.list('nobody')
    expect({ status, body }).toEqual({ status: 200, body: { results: [], next_cursor: null } })
  })

  it('refuses a cursor that somebody made up', async () => {
    for (const cursor of ['x', 'AAAA', Buffer.from('1:2').toString('base64url')]) {
      const faults = faultsOf(await api.list('ada', { cursor }), 422)
      expect(Object.keys(faults)).toEqual(['/query/cursor'])
    }
  })
})

describe('one memory', () => {
  it('can be read, as the list shows it, and its headers asked for', async () => {
    const { body } = await api.ingest({ user_id: 'flo', items: diary(1) })
    const path = `/api/memories/${body.ids[0]}?user_id=flo`
    const one = await api.request('GET', path)
    expect(one.body).toEqual((await api.list('flo')).body.results[0])
    const head = await api.request('HEAD', path)
    expect(head).toMatchObject({ status: 200, body: undefined })
    expect(head.headers.get('content-type')).toBe(one.headers.get('content-type'))
  })

  it('is deleted once: afterwards nobody finds, lists or recalls it', async () => {
    const items = [{ text: 'My locker code is 4711.', role: 'user' }, ...diary(1)]
    const { body } = await api.ingest({ user_id: 'gus', items })
    const ask = { user_id: 'gus', message: 'What is my locker code?' }
    expect((await api.chat({ ...ask, message_id: 'before-it' })).body.response).toContain('4711')

    const deleted = await api.forget('gus', body.ids[0]!)
    expect(deleted).toMatchObject({ status: 204, body: undefined })
    problemOf(await api.forget('gus', body.ids[0]!), 404)
    problemOf(await api.get('gus', body.ids[0]!), 404)
    const query = { user_id: 'gus', query: 'locker code', score_threshold: 0, top_k: 50 }
    const found = (await api.search(query)).body.results
    expect(found.map(({ id }) => id)).not.toContain(body.ids[0])
    const { context } = (await api.chat(ask)).body
    expect(context.map(({ id }) => id)).not.toContain(body.ids[0])
    // What was recalled for an older answer is told without it.
    const replayed = await api.chat({ ...ask, message_id: 'before-it' })
    expect(replayed.body.context.map(({ id }) => id)).not.toContain(body.ids[0])
  })

  it.each([
    'no-uuid',
    '01a1fc1f-383d-426e-8bf6-f036098e3097',
    '01A1FC1F-383D-726E-8BF6-F036098E3097',
    '01a1fc1f-383d-726e-8bf6-f036098e3097',
    '..%2f..',
    '%00',
    '%ff',
    'a'.repeat(2000),
  ])('that is none is 404: %s', async (id) => {
    expect(problemOf(await api.get('ada', id), 404).title).toBe('Not found')
    expect(problemOf(await api.forget('ada', id), 404).title).toBe('Not found')
  })
})

describe('search', () => {
  beforeAll(async () => {
    await api.ingest({
      user_id: 'sue',
      items: [
        { text: 'The dentist is on Elm Street.', role: 'user', tags: ['health', 'places'] },
        { text: 'The bakery is on Elm Street too.', role: 'user', tags: ['food', 'places'] },
        { text: 'Elm Street was flooded in spring.', role: 'assistant' },
        { text: 'I dream of whales.', role: 'user', tags: ['dreams'] },
      ],
    })
  })
  const search = async (query: string, more: object = {}) =>
    (await api.search({ user_id: 'sue', query, ...more })).body.results

  it('finds what fits, best first, with its score and what it is made of', async () => {
    const results = await search('Where is the dentist?', { top_k: 50 })
    expect(results[0]).toEqual({
      id: expect.any(String) as string,
      text: 'The dentist is on Elm Street.',
      ts: expect.any(String) as string,
      role: 'user',
      tags: ['health', 'places'],
      conversation_id: null,
      source: 'ingest',
      pinned: false,
      score: expect.any(Number) as number,
      why: expect.any(Object) as object,
    })
    expect(results[0]!.score).toBeGreaterThan(0)
    expect(results[0]!.score).toBeLessThanOrEqual(1)
  })

  it('keeps to the tags it is given, any of them, within the search', async () => {
    const all = { top_k: 50, score_threshold: 0 }
    expect(await search('Elm Street', all)).toHaveLength(4)
    const tagged = async (...tags: string[]) =>
      (await search('Elm Street', { ...all, tags })).map(({ text }) => text).toSorted()
    expect(await tagged('places')).toHaveLength(2)
    expect(await tagged('food', 'health')).toEqual([
      'The bakery is on Elm Street too.',
      'The dentist is on Elm Street.',
    ])
    expect(await tagged('food')).toEqual(['The bakery is on Elm Street too.'])
    expect(await tagged('nothing')).toEqual([])
    expect(
      await search('Elm Street', { tags: ['food'], top_k: 1, score_threshold: 0 }),
    ).toHaveLength(1)
  })

  it('has top_k from 0 to 50', async () => {
    expect(await search('Elm Street', { top_k: 0 })).toEqual([])
    const items = Array.from({ length: 70 }, (_, n) => ({ text: `Elm ${n} stands.`, role: 'user' }))
    await api.ingest({ user_id: 'tree', items })
    const many = { user_id: 'tree', query: 'elm', top_k: 50, score_threshold: 0 }
    expect((await api.search(many)).body.results).toHaveLength(50)
  })

  it('finds nothing where nothing fits', async () => {
    expect(await search('quarterly revenue of the subsidiary')).toEqual([])
  })

  it('stores nothing', async () => {
    const before = (await api.list('sue')).body
    await search('Where is the dentist?')
    expect((await api.list('sue')).body).toEqual(before)
  })
})
