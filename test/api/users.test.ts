import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '../support/api.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { faultsOf, problemOf } from '../support/problems.ts'

/** All that is kept of one user: given away, taken in, erased. */

let host: TestHost
let api: Api
beforeAll(async () => {
  host = await startHost({ staged: true })
  api = host.api
})
afterAll(() => host[Symbol.asyncDispose]())

type Line = Record<string, unknown> & { id: string; text: string; ts: string }

const parse = (lines: string) =>
  lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
const write = (...lines: object[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('')
const tea = { text: 'I drink tea.', role: 'user', ts: '2026-05-04T12:00:00Z' }

/** Something of every kind: turns that ended in each way, edits, pins, tags, speakers, conversations. */
async function live(userId: string) {
  const metadata = { conversation_id: 'kitchen', tags: ['food', 'süß'] }
  await api.chat({ user_id: userId, message: 'I like rhubarb cake.', metadata })
  await api.chat({ user_id: userId, message: 'Which cake do I like?', metadata })
  await api.chat({ user_id: userId, message: 'fail as refused', metadata })
  await api.chat({ user_id: userId, message: 'say 3 words, then unavailable' })
  const items = [
    { text: 'The dentist is on Elm Street.', role: 'user', speaker: 'Zoë: “Z”' },
    { text: 'A text of\ntwo lines, and 🙂.', role: 'assistant', conversation_id: 'old_1' },
    { text: 'Long ago.', role: 'user', ts: '1999-12-31T23:59:59.5+01:00', tags: ['past'] },
  ]
  const { body } = await api.ingest({ user_id: userId, items })
  await api.change(userId, body.ids[0]!, { pinned: true })
  await api.change(userId, body.ids[2]!, { text: 'Very long ago.' })
}

describe('an export', () => {
  it('has every memory once, as it is listed, and the turns of conversations', async () => {
    await live('ann')
    const { headers } = await api.request('GET', '/api/users/ann/export')
    expect(headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8')
    expect(headers.get('content-disposition')).toContain('attachment')
    const lines = parse(await api.exportLines('ann'))
    const { results } = (await api.list('ann', { limit: '200' })).body
    const listed = lines.filter(({ reach }) => reach !== 'history')
    expect(listed.map(({ reach: _reach, turn: _turn, ...memory }) => memory)).toEqual(results)
    expect(lines.length).toBeGreaterThan(results.length)
    const states = lines.flatMap(({ turn }) => (turn as { state: string } | undefined)?.state ?? [])
    expect(new Set(states)).toEqual(new Set(['complete', 'failed']))
  })

  it('goes beyond a page', async () => {
    const items = Array.from({ length: 450 }, (_, n) => ({ text: `Note ${n}.`, role: 'user' }))
    await api.ingest({ user_id: 'bob', items })
    const lines = parse(await api.exportLines('bob'))
    expect(lines.map(({ text }) => text)).toEqual(items.map(({ text }) => text).toReversed())
  })

  it('of nobody is empty, and of what is no user there is none', async () => {
    expect(await api.exportLines('nobody')).toBe('')
    for (const id of ['*', '.x', '-x', '..%2f', 'a%20b', 'x'.repeat(65), '%00', 'аda']) {
      problemOf(await api.request('GET', `/api/users/${id}/export`), 404)
    }
    faultsOf(await api.request('GET', '/api/users/ann/export?user_id=bob'), 422)
  })
})

describe('an import', () => {
  it('brings back what was exported and erased, to the letter', async () => {
    await live('cleo')
    const exported = await api.exportLines('cleo')
    await api.erase('cleo')
    expect(await api.exportLines('cleo')).toBe('')
    const { body } = await api.importLines('cleo', exported)
    expect(body).toMatchObject({ added: parse(exported).length, skipped: 0, refused: [] })
    expect(await api.exportLines('cleo')).toBe(exported)
    const query = { user_id: 'cleo', query: 'Where is the dentist?' }
    expect((await api.search(query)).body.results[0]!.text).toContain('Elm Street')
  })

  it('adds nothing twice, with ids or without', async () => {
    const lines = write(tea, { ...tea, text: 'I eat cake.' })
    const first = await api.importLines('dora', lines)
    expect(first.body).toEqual({ added: 2, skipped: 0, refused: [], refused_count: 0 })
    const again = await api.importLines('dora', lines + (await api.exportLines('dora')))
    expect(again.body).toMatchObject({ added: 0, skipped: 4 })
    expect(parse(await api.exportLines('dora'))).toHaveLength(2)
    const [memory] = (await api.list('dora')).body.results
    expect(memory).toMatchObject({ source: 'import', ts: '2026-05-04T12:00:00.000Z' })
  })

  it('keeps what it can, and tells by its number which line it could not', async () => {
    const { body } = await api.importLines(
      'emil',
      [
        JSON.stringify(tea),
        '',
        'no json',
        JSON.stringify({ ...tea, text: '' }),
        '[]',
        JSON.stringify({ ...tea, role: 'system', ts: 'soon' }),
        JSON.stringify({ text: 'No time.', role: 'user' }),
        JSON.stringify({ ...tea, text: 'x'.repeat(32_001) }),
        JSON.stringify({ ...tea, text: '\ud800' }),
        JSON.stringify({ ...tea, text: 'The last one, without an end of line.' }),
      ].join('\n'),
    )
    expect(body).toMatchObject({ added: 2, skipped: 0, refused_count: 7 })
    expect(body.refused.map(({ line }) => line)).toEqual([3, 4, 5, 6, 7, 8, 9])
    expect(body.refused[3]!.message).toMatch(/role: .*ts: /)
  })

  it('gives new ids to what is another user’s, the same ones each time', async () => {
    await live('fred')
    const freds = await api.exportLines('fred')
    const { body } = await api.importLines('gina', freds)
    expect(body).toMatchObject({ added: parse(freds).length, refused: [] })
    const ginas = parse(await api.exportLines('gina'))
    const ids = new Set(parse(freds).map(({ id }) => id))
    expect(ginas.filter(({ id }) => ids.has(id))).toEqual([])
    expect(ginas.map(({ text }) => text).toSorted()).toEqual(
      parse(freds)
        .map(({ text }) => text)
        .toSorted(),
    )
    expect((await api.importLines('gina', freds)).body).toMatchObject({ added: 0 })
    // An answer still belongs to its message.
    const turnOf = ({ turn }: Line) => turn as { in_reply_to?: string } | undefined
    const replied = ginas.flatMap((line) => turnOf(line)?.in_reply_to ?? [])
    expect(replied.length).toBeGreaterThan(2)
    const known = new Set(ginas.map(({ id }) => id))
    expect(replied.filter((id) => !known.has(id))).toEqual([])
    expect(await api.exportLines('fred')).toBe(freds)
    // Also when their owner is gone.
    await api.erase('fred')
    expect((await api.importLines('gina', freds)).body).toMatchObject({ added: 0 })
  })

  it('never takes a message id from another message', async () => {
    const message_id = 'mine-alone'
    await api.chat({ user_id: 'hugo', message: 'I keep bees.', message_id })
    const turn = { message_id, state: 'complete' }
    const { body } = await api.importLines(
      'hugo',
      write({ ...tea, turn }, { ...tea, text: 'Fine.' }),
    )
    expect(body).toMatchObject({ added: 2, refused: [] })
    const replayed = await api.chat({ user_id: 'hugo', message: 'I keep bees.', message_id })
    expect(replayed).toMatchObject({ status: 200 })
  })

  it('takes 6 MiB of lines and no more', async () => {
    const line = write({ ...tea, text: 'x'.repeat(31_000) })
    const lines = line.repeat(Math.floor((6 * 1024 * 1024) / line.length))
    const { body } = await api.importLines('ivy', lines)
    expect(body).toMatchObject({ added: 1, refused: [] })
    problemOf(await api.importLines('ivy', lines + line), 413)
  })

  it('is told of a few wrong lines by name, of the others by their count', async () => {
    const { body } = await api.importLines('jack', 'x\n'.repeat(5000))
    expect(body).toMatchObject({ added: 0, refused_count: 5000 })
    expect(body.refused).toHaveLength(1000)
  })

  it('is of JSON lines in UTF-8', async () => {
    const path = '/api/users/kim/import'
    problemOf(await api.request('POST', path, { body: tea }), 415)
    const headers = { 'content-type': 'application/x-ndjson' }
    const broken = Buffer.concat([Buffer.from('{"text":"'), Buffer.from([0xc3, 0x28, 0x22, 0x7d])])
    const response = await fetch(host.url + path, { method: 'POST', headers, body: broken })
    expect(response.status).toBe(400)
    expect(await api.request('POST', path, { body: '', headers })).toMatchObject({
      status: 200,
      body: { added: 0, skipped: 0, refused: [], refused_count: 0 },
    })
    problemOf(await api.request('POST', '/api/users/*/import', { body: '', headers }), 404)
  })
})

describe('an erasure', () => {
  it('says in a dry run what there is, and erases nothing', async () => {
    await live('lena')
    const before = await api.exportLines('lena')
    const { body } = await api.erase('lena', '?dry_run=true')
    expect(body).toMatchObject({ user_id: 'lena', scrubbed: 'pending', verified: false })
    expect(body.removed).toMatchObject({ memories: parse(before).length, outbox: 0, replies: 4 })
    expect(body.removed.vectors).toBeGreaterThan(4)
    expect(await api.exportLines('lena')).toBe(before)
    faultsOf(await api.erase('lena', '?dry_run=perhaps'), 422)
  })

  it('removes all of one user, and gives the same receipt until the bytes are gone', async () => {
    await live('mia')
    await live('noah')
    const noahs = await api.exportLines('noah')
    const mias = parse(await api.exportLines('mia'))
    const first = (await api.erase('mia')).body
    expect(first).toMatchObject({ user_id: 'mia', verified: true })
    expect(first.removed).toMatchObject({ memories: mias.length, replies: 4 })
    expect((await api.list('mia')).body.results).toEqual([])
    const query = { user_id: 'mia', query: 'rhubarb cake', score_threshold: 0, top_k: 50 }
    expect((await api.search(query)).body.results).toEqual([])
    expect(await api.exportLines('mia')).toBe('')
    await expect
      .poll(async () => (await api.erase('mia')).body, { timeout: 60_000, interval: 500 })
      .toEqual({ ...first, scrubbed: 'done' })
    expect(await api.exportLines('noah')).toBe(noahs)
  }, 70_000)

  it('of a user who came back is another one', async () => {
    await api.importLines('olga', write(tea))
    const first = (await api.erase('olga')).body
    await api.importLines('olga', write(tea, { ...tea, text: 'I eat cake.' }))
    const second = (await api.erase('olga')).body
    expect([first.removed.memories, second.removed.memories]).toEqual([1, 2])
    expect((await api.erase('olga')).body.removed).toEqual(second.removed)
  })

  it('of nobody removes nothing, and of what is no user there is none', async () => {
    const { body } = await api.erase('nobody')
    expect(body).toMatchObject({ user_id: 'nobody', verified: true })
    expect(Object.values(body.removed)).toEqual([0, 0, 0, 0, 0, 0])
    for (const id of ['*', '.x', 'a%2fb', '-erased-x']) problemOf(await api.erase(id), 404)
  })
})
