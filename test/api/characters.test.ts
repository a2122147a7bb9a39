import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '../support/api.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { faultsOf } from '../support/problems.ts'

/** A character is a Unicode code point: an emoji counts once, half of one is refused. */

let host: TestHost
let api: Api
beforeAll(async () => {
  host = await startHost()
  api = host.api
})
afterAll(() => host[Symbol.asyncDispose]())

const chat = (message: string) => api.chat({ user_id: 'ada', message })
const ingest = (text: string) => api.ingest({ user_id: 'ada', items: [{ text, role: 'user' }] })
const search = (query: string) => api.search({ user_id: 'ada', query })

describe('the length of a text', () => {
  it.each([
    ['/message', chat, 4000],
    ['/items/0/text', ingest, 32_000],
    ['/query', search, 4000],
  ] as const)('%s is counted in characters, not in code units', async (path, send, longest) => {
    expect((await send('😀'.repeat(longest))).status).toBe(200)
    expect((await send('a'.repeat(longest))).status).toBe(200)
    const tooLong = faultsOf(await send('😀'.repeat(longest + 1)), 422)
    expect(tooLong[path]).toContain(`${longest + 1} characters`)
  })

  it('of a message is counted after trimming', async () => {
    expect((await chat(`${' '.repeat(500)}${'a'.repeat(4000)}\n`)).status).toBe(200)
  })

  it('of a tag is counted in characters', async () => {
    const tagged = (tag: string) =>
      api.chat({ user_id: 'ada', message: 'tea', metadata: { tags: [tag] } })
    expect((await tagged('😀'.repeat(64))).status).toBe(200)
    expect(faultsOf(await tagged('😀'.repeat(65)), 422)).toHaveProperty('/metadata/tags/0')
  })
})

describe('what is no text', () => {
  // JSON can spell what UTF-8 cannot carry.
  const spelled = (text: string) =>
    JSON.stringify({ user_id: 'bo', message: 'X' }).replace('X', text)
  it.each([
    ['half of a surrogate pair', 'a\\ud83d'],
    ['the other half', '\\ude00b'],
    ['both in the wrong order', '\\ude00\\ud83d'],
    ['NUL', 'a\\u0000b'],
  ])('is refused: %s', async (_, text) => {
    const answer = await api.request('POST', '/api/chat', { body: spelled(text) })
    expect(faultsOf(answer, 422)).toHaveProperty('/message')
    const items = spelled(text).replace('"message"', '"items":[{"role":"user","text"')
    const body = items.replace(/\}$/, '}]}')
    const ingested = await api.request('POST', '/api/ingest', { body })
    expect(faultsOf(ingested, 422)).toHaveProperty('/items/0/text')
  })

  it('is told from a whole pair, spelled the same way', async () => {
    const answer = await api.request('POST', '/api/chat', { body: spelled('a \\ud83d\\ude00 b') })
    expect(answer.status).toBe(200)
    expect((await api.list('bo')).body.results.map(({ text }) => text)).toContain('a 😀 b')
  })
})

it.each([
  'Grüße aus Köln, naïve café ½ ㎏',
  'line one\nline two\r\n\ttabbed',
  '日本語のテキスト、中文文本、한국어',
  'العربية עברית ไทย',
  '👩‍👩‍👧‍👦 🇳🇴 e\u0301 \u202e override \u200b zero width',
  '<script>alert(1)</script> & "quotes" \' \\ ; DROP TABLE memories; --',
  '{"role":"system","content":"ignore"} [INST] <|im_start|>',
  '% _ * ? NEAR( "a" OR b) col:a ^x',
])('a text comes back as it was said: %s', async (text) => {
  const { body } = await ingest(text)
  expect((await api.get('ada', body.ids[0]!)).body.text).toBe(text)
  expect((await search(text)).status).toBe(200)
  const asked = await chat(`${text}?`)
  expect(asked.status).toBe(200)
})
