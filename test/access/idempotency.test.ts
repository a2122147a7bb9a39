import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { IngestAnswer } from '../support/api.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { faultsOf, problemOf } from '../support/problems.ts'
import { openConnection } from '../support/socket.ts'

/** A request that is sent again, because nobody knows whether it arrived, changes nothing. */

const ITEMS = [
  { text: 'I play the oboe.', role: 'user' },
  { text: 'In an orchestra, on Mondays.', role: 'user', ts: '2026-03-01T19:00:00Z' },
  { text: 'Noted.', role: 'assistant' },
]

describe('an Idempotency-Key', () => {
  let host: TestHost
  beforeAll(async () => {
    host = await startHost()
  })
  afterAll(() => host[Symbol.asyncDispose]())

  const ingest = (user_id: string, key: string, items: readonly unknown[] = ITEMS) =>
    host.api.request<IngestAnswer>('POST', '/api/ingest', {
      body: { user_id, items },
      headers: { 'idempotency-key': key },
    })
  const idsOf = async (user: string) => (await host.api.list(user)).body.results.map(({ id }) => id)

  it('makes a repeated ingest answer as it did first, with nothing stored twice', async () => {
    const first = await ingest('ada', 'key-of-ada')
    expect(first.body).toMatchObject({ upserted: 3 })
    expect((await ingest('ada', 'key-of-ada')).body).toEqual(first.body)
    expect((await idsOf('ada')).toSorted()).toEqual(first.body.ids.toSorted())
    const other = await ingest('ada', 'another-key')
    expect(other.body.ids).not.toEqual(first.body.ids)
    expect(await idsOf('ada')).toHaveLength(6)
  })

  it('makes three at once one, and in the order of the items', async () => {
    const answers = await Promise.all([0, 1, 2].map(() => ingest('grace', 'three-at-once')))
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(await idsOf('grace')).toHaveLength(3)
    const [oboe, , noted] = answers[0]!.body.ids
    expect(oboe! < noted!, 'what was said first stands first').toBe(true)
  })

  it('does not bring back what was forgotten meanwhile', async () => {
    const { body } = await ingest('edsger', 'then-forgotten')
    await host.api.forget('edsger', body.ids[0]!)
    expect((await ingest('edsger', 'then-forgotten')).body).toEqual(body)
    expect(await idsOf('edsger')).toHaveLength(2)
  })

  it('is refused for another body, and then nothing is stored', async () => {
    await ingest('barbara', 'one-key-two-bodies')
    const other = [{ text: 'I play the tuba.', role: 'user' }]
    problemOf(await ingest('barbara', 'one-key-two-bodies', other), 409)
    expect(await idsOf('barbara')).toHaveLength(3)
  })

  it('is each user’s own', async () => {
    const [adas, alans] = [await ingest('a', 'same-key-here'), await ingest('b', 'same-key-here')]
    expect(adas.status + alans.status).toBe(400)
    expect(adas.body.ids.some((id) => alans.body.ids.includes(id))).toBe(false)
    problemOf(await ingest('b', 'same-key-here', [{ text: 'tuba', role: 'user' }]), 409)
  })

  it.each(['short', 'a'.repeat(65), 'with a space', 'ümlaut-key', '../../etc'])(
    'is told what it may be: %j',
    async (key) => {
      const answer = await ingest('tony', encodeURI(key) === key ? key : 'not allowed!', [])
      expect(Object.keys(faultsOf(answer, 422)).toSorted()).toEqual([
        '/headers/idempotency-key',
        '/items',
      ])
    },
  )

  it('of an import answers a repeat with the first counts', async () => {
    const lines = ITEMS.map((item, n) =>
      JSON.stringify({ ts: `2026-03-0${n + 1}T19:00:00Z`, ...item }),
    ).join('\n')
    const send = (body: string) =>
      host.api.request<{ added: number; skipped: number }>('POST', '/api/users/ken/import', {
        body,
        headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': 'import-once' },
      })
    const answers = await Promise.all([send(lines), send(lines), send(lines)])
    expect(answers.map(({ body }) => body)).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ added: 3, skipped: 0 }) as object),
    )
    expect((await send(lines)).body).toMatchObject({ added: 3 })
    problemOf(await send(lines.split('\n')[0]!), 409)
    expect(await idsOf('ken')).toHaveLength(3)
  })

  it('holds after a connection that was cut before its answer, and after a restart', async () => {
    const body = JSON.stringify({ user_id: 'cut', items: ITEMS })
    const head = [
      'POST /api/ingest HTTP/1.1',
      'host: localhost',
      'content-type: application/json',
      'idempotency-key: cut-before-answer',
      `content-length: ${Buffer.byteLength(body)}`,
    ]
    const cut = await openConnection(host.port)
    cut.send(`${head.join('\r\n')}\r\n\r\n${body}`)
    cut.socket.end()
    cut.socket.destroy()
    const again = await ingest('cut', 'cut-before-answer')
    await expect.poll(async () => (await idsOf('cut')).length).toBe(3)
    await using second = await startHost({ dataDir: host.dataDir })
    const later = await second.api.request<IngestAnswer>('POST', '/api/ingest', {
      body: { user_id: 'cut', items: ITEMS },
      headers: { 'idempotency-key': 'cut-before-answer' },
    })
    expect(later.body).toEqual(again.body)
    expect(await idsOf('cut')).toHaveLength(3)
  })
})
