import { describe, expect, it } from 'vitest'
import type { Answer } from '../support/api.ts'
import { COOKIE_SECRET, sessionOf } from '../support/cookie.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { bearer, keyFor } from '../support/keys.ts'
import { problemOf } from '../support/problems.ts'

/** How often somebody may ask, and how that is told. */

/** Whole and in good form: what a client needs to wait for as long as it must, and no longer. */
function expectLimited(answer: Answer<unknown>, who: 'user' | 'address', perMinute: number): void {
  expect(problemOf(answer, 429).title).toBe('Too many requests')
  const seconds = Number(answer.headers.get('retry-after'))
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThanOrEqual(60)
  expect(answer.headers.get('ratelimit-policy')).toBe(`"${who}";q=${perMinute};w=60`)
  expect(answer.headers.get('ratelimit')).toBe(`"${who}";r=0;t=${seconds}`)
}

const list = (host: TestHost, userId: string, headers = {}) =>
  host.api.request('GET', `/api/memories?user_id=${userId}`, { headers })

describe('the limit of a user', () => {
  it('counts all calls of one, whatever function they go to, no other’s, and stores nothing it refuses', async () => {
    await using host = await startHost({ env: { RATE_LIMIT_USER: '4', COOKIE_SECRET } })
    const items = [{ text: 'I grow lavender.', role: 'user' }]
    const calls = [
      await host.api.ingest({ user_id: 'ada', items }),
      await host.api.chat({ user_id: 'ada', message: 'What do I grow?' }),
      await host.api.search({ user_id: 'ada', query: 'grow' }),
      await host.api.request('GET', '/api/memories', { headers: { 'x-user-id': 'ada' } }),
    ]
    expect(calls.map(({ headers }) => headers.get('ratelimit')?.split(';')[1])).toEqual(
      ['r=3', 'r=2', 'r=1', 'r=0'], // Told before it is too late.
    )
    expectLimited(await list(host, 'ada'), 'user', 4)
    expectLimited(await host.api.chat({ user_id: 'ada', message: 'One too many.' }), 'user', 4)
    const headers = { cookie: sessionOf('ada') }
    const page = await host.api.request<string>('GET', '/memories', { headers })
    expect(page.body).toContain('lavender')
    expect(page.body).not.toContain('One too many.')
    expect((await list(host, 'alan')).status).toBe(200)
    const { body } = await list(host, 'alan')
    expect(JSON.stringify(body)).not.toContain('lavender')
  })

  it('is of whom a key speaks for, claimed or not', async () => {
    const { key, entry } = keyFor('ada')
    await using host = await startHost({ env: { RATE_LIMIT_USER: '2', API_KEYS: entry } })
    const mine = () => host.api.request('GET', '/api/memories', { headers: bearer(key) })
    expect([(await mine()).status, (await list(host, 'ada', bearer(key))).status]).toEqual([
      200, 200,
    ])
    expectLimited(await mine(), 'user', 2)
    problemOf(await list(host, 'alan', bearer(key)), 404)
    problemOf(await list(host, 'ada'), 401)
  })

  it('counts the forms of the page, not its views, and never what ends an answer', async () => {
    await using host = await startHost({ env: { RATE_LIMIT_USER: '2', COOKIE_SECRET } })
    const headers = { cookie: sessionOf('ada'), origin: host.url, accept: 'text/html' }
    const form = (path: string, more = {}) =>
      fetch(host.url + path, {
        method: 'POST',
        headers: { ...headers, ...more, 'content-type': 'application/x-www-form-urlencoded' },
        body: 'theme=dark',
        redirect: 'manual',
      })
    for (let view = 0; view < 5; view++) {
      expect((await host.api.request('GET', '/', { headers })).status).toBe(200)
    }
    expect([(await form('/theme')).status, (await form('/theme')).status]).toEqual([303, 303])
    const refused = await form('/theme')
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(refused.headers.get('content-type')).toContain('text/html')
    expect(await refused.text()).toContain('Too many requests')
    const small = await form('/theme', { 'hx-request': 'true' })
    expect(small.headers.get('hx-retarget')).toBe('#alert')
    expect(await small.text()).toMatch(/^<p>.*data-seconds="\d+">Try again in \d+ s\.</)
    const path = '/c/one/m/message-1/stop'
    expect((await form(path, { 'hx-request': 'true' })).status).toBe(204)
  })
})

describe('the limit of an address', () => {
  it('counts whoever it is, but neither files nor probes, and is told in good form', async () => {
    await using host = await startHost({ env: { RATE_LIMIT_ADDRESS: '3' } })
    const html = (await host.api.request<string>('GET', '/')).body
    const asset = /href="(\/assets\/[^"]+css)"/.exec(html)![1]!
    const free = [asset, '/favicon.ico', '/robots.txt', '/api/health', '/healthz', '/readyz']
    for (const path of [...free, ...free, '/version', '/metrics']) {
      expect([path, (await host.api.request('GET', path)).status]).toEqual([path, 200])
    }
    expect((await list(host, 'ada')).status).toBe(200)
    expect((await host.api.request('GET', '/api/nothing')).status).toBe(404)
    expectLimited(await list(host, 'alan'), 'address', 3)
    const page = await fetch(`${host.url}/`, { headers: { accept: 'text/html' } })
    expect([page.status, page.headers.get('content-type')]).toEqual([
      429,
      'text/html; charset=utf-8',
    ])
    expect(await page.text()).toMatch(/<h1>Too many requests<\/h1>.*Try again in \d+ s\./s)
    const part = await fetch(`${host.url}/memories`, { headers: { 'hx-request': 'true' } })
    expect(part.headers.get('hx-retarget')).toBe('#alert')
    const body = 'x'.repeat(5 * 1024 * 1024)
    expectLimited(await host.api.request('POST', '/api/ingest', { body }), 'address', 3)
    expect((await host.api.request('GET', asset)).status).toBe(200)
    expect(host.logs().filter(({ status }) => status === 429)).toHaveLength(4)
  })

  it('is of whom the trusted proxy saw; what a client writes itself is not believed', async () => {
    const env = { RATE_LIMIT_ADDRESS: '2', TRUSTED_PROXIES: '1' }
    await using host = await startHost({ env })
    const from = async (forwarded: string) =>
      (await list(host, 'ada', { 'x-forwarded-for': forwarded })).status
    expect([
      await from('198.51.100.1, 203.0.113.7'),
      await from('198.51.100.2, 203.0.113.7'),
    ]).toEqual([200, 200])
    expect(await from('198.51.100.3, 203.0.113.7')).toBe(429)
    expect(await from('203.0.113.8')).toBe(200)
    await using bare = await startHost({ env: { RATE_LIMIT_ADDRESS: '1' } })
    const headers = (n: number) => ({ 'x-forwarded-for': `203.0.113.${n}` })
    expect((await list(bare, 'ada', headers(1))).status).toBe(200)
    expect((await list(bare, 'ada', headers(2))).status).toBe(429)
  })
})

describe('the defaults', () => {
  it('are 60 a minute for a user and 300 for an address', async () => {
    await using host = await startHost({ env: { RATE_LIMIT_USER: '', RATE_LIMIT_ADDRESS: '' } })
    const all = async (count: number, userOf: (n: number) => string) =>
      (await Promise.all(Array.from({ length: count }, (_, n) => list(host, userOf(n))))).filter(
        ({ status }) => status === 200,
      ).length
    expect(await all(70, () => 'ada')).toBe(60)
    expect(await all(300, (n) => `user-${n}`)).toBe(230)
  })
})

describe('every answer', () => {
  it('tells a browser what it must not do with it', async () => {
    await using host = await startHost({ env: { RATE_LIMIT_ADDRESS: '9' } })
    const paths = [
      '/',
      '/api/health',
      '/api/memories',
      '/api/none',
      '/healthz',
      '/version',
      '/nope',
    ]
    const answers = [
      ...(await Promise.all(paths.map((path) => host.api.request('GET', path)))),
      await host.api.request('PUT', '/memories'),
      await host.api.request('POST', '/api/chat', { body: '{' }),
      await host.api.chat({ user_id: 'ada', message: 'Hello!' }),
      ...(await Promise.all(paths.map((path) => host.api.request('GET', path)))),
    ]
    expect(new Set(answers.map(({ status }) => status))).toEqual(
      new Set([200, 400, 404, 405, 422, 429]),
    )
    for (const { headers } of answers) {
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
      expect(headers.get('referrer-policy')).toMatch(/^(no-referrer|same-origin)$/)
      expect(headers.get('access-control-allow-origin')).toBeNull()
      expect(headers.get('access-control-allow-credentials')).toBeNull()
    }
  })
})
