import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toEvent } from '../../lib/host/event.ts'

/** Whatever comes in by HTTP, the event says the same. */

const source = {
  routeKey: 'POST /api/chat',
  pathParameters: {},
  requestId: 'one-request',
  client: { address: '203.0.113.7', isSecure: false },
} as const

const name = fc
  .stringMatching(/^[a-z][a-z0-9-]{0,12}$/)
  .filter((text) => !/^(host|cookie|content|sec-|proxy-)/.test(text))
const value = fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e]{0,20}[\x21-\x7e])?$/)
const TYPES = [
  '',
  'text/plain',
  'application/json',
  'application/json; charset=utf-8',
  'application/octet-stream',
  'application/x-ndjson',
  'application/x-www-form-urlencoded',
]
const type = fc.constantFrom(...TYPES)
const request = fc.record({
  segments: fc.array(
    fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => text.isWellFormed() && !/^\.+$/.test(text)),
    { maxLength: 4 },
  ),
  query: fc.array(fc.tuple(name, value), { maxLength: 4 }),
  headers: fc.dictionary(name, value, { maxKeys: 4 }),
  cookies: fc.array(fc.tuple(name, fc.stringMatching(/^[A-Za-z0-9.=]{1,12}$/)), { maxLength: 3 }),
  type,
  body: fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text)),
  ),
})

async function changedOnTheWay(convert: typeof toEvent): Promise<string | undefined> {
  const details = await fc.check(
    fc.asyncProperty(request, async (given) => {
      const path = `/${given.segments.map(encodeURIComponent).join('/')}`
      const query = new URLSearchParams(given.query).toString()
      const cookie = given.cookies.map(([key, text]) => `${key}=${text}`)
      const event = await convert(
        new Request(`http://chat.example${path}${query ? `?${query}` : ''}`, {
          method: 'POST',
          headers: {
            ...given.headers,
            ...(given.type ? { 'content-type': given.type } : {}),
            ...(cookie.length > 0 ? { cookie: cookie.join('; ') } : {}),
          },
          body: given.body,
        }),
        source,
      )
      expect(event.rawPath).toBe(path)
      expect([...new URLSearchParams(event.rawQueryString)]).toEqual(given.query)
      expect(event.headers).toMatchObject(given.headers)
      expect(event.cookies ?? []).toEqual(cookie)
      const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8')
      expect([...bytes]).toEqual([...given.body])
    }),
    { numRuns: 200, endOnFailure: true },
  )
  return details.failed ? String(details.errorInstance) : undefined
}

describe('the event of any request', () => {
  it('has its path, query, headers, cookies and every byte of its body', async () => {
    expect(await changedOnTheWay(toEvent)).toBeUndefined()
  })

  it.each<[string, typeof toEvent]>([
    [
      'takes any bytes for text',
      async (given, of) => {
        const body = await given.clone().text()
        return { ...(await toEvent(given, of)), body, isBase64Encoded: false }
      },
    ],
    [
      'decodes the path',
      async (given, of) => {
        const event = await toEvent(given, of)
        return { ...event, rawPath: decodeURIComponent(event.rawPath) }
      },
    ],
  ])('would be noticed where it %s', async (_, convert) => {
    expect(await changedOnTheWay(convert)).toBeDefined()
  })
})
