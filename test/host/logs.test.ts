import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHost, type TestHost } from '../support/host.ts'

/** One line a request, with what an operator needs and never a word of what a user wrote or read. */

let host: TestHost
beforeAll(async () => {
  host = await startHost({ staged: true, env: { LOG_LEVEL: 'debug' } })
})
afterAll(() => host[Symbol.asyncDispose]())

/** The lines of one request that say how it went, once there is one: never more. */
async function linesOf(requestId: string) {
  const lines = () =>
    host
      .logs()
      .filter(({ message, request_id }) => message === 'request' && request_id === requestId)
  await expect.poll(lines, { timeout: 5000 }).not.toEqual([])
  return lines()
}

const item = { text: 'tea', role: 'user' }

describe('the line of a request', () => {
  it.each([
    ['POST', '/api/chat', { user_id: 'ada', message: 'tea' }, 'chat', 200],
    ['POST', '/api/chat', { user_id: 'ada', message: 'tea', stream: true }, 'chat', 200],
    ['POST', '/api/ingest', { user_id: 'ada', items: [item] }, 'ingest', 200],
    ['POST', '/api/memories/search', { user_id: 'ada', query: 'tea' }, 'memories', 200],
    ['GET', '/api/memories?user_id=ada', undefined, 'memories', 200],
  ])('%s %s has the fields that every line has', async (method, path, body, name, status) => {
    const requestId = `line-${crypto.randomUUID()}`
    const headers = { 'x-request-id': requestId }
    await host.api.request(method, path, { body, headers })
    const lines = await linesOf(requestId)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      level: 'INFO',
      message: 'request',
      service: 'ai-memory-layer',
      function_name: name,
      request_id: requestId,
      user_id: 'ada',
      route: `${method} ${path.split('?')[0]}`,
      status,
      latency_ms: expect.any(Number) as number,
    })
  })

  it('counts what was done', async () => {
    const requestId = 'counted-1'
    const headers = { 'x-request-id': requestId }
    const body = { user_id: 'counter', items: [item, item, item] }
    await host.api.request('POST', '/api/ingest', { body, headers })
    expect(await linesOf(requestId)).toMatchObject([{ items: 3 }])
  })

  it.each([
    ['POST', '/nowhere', {}, {}, 404, 'none'],
    ['GET', '/api/chat', undefined, {}, 405, 'none'],
    ['POST', '/api/chat', { message: '' }, {}, 422, 'POST /api/chat'],
    ['POST', '/api/chat', '{', {}, 400, 'POST /api/chat'],
    ['POST', '/api/chat', 'x', { 'content-type': 'text/plain' }, 415, 'POST /api/chat'],
    ['POST', '/api/ingest', 'x'.repeat(7_000_000), {}, 413, 'none'],
    [
      'POST',
      '/api/chat',
      { user_id: 'ada', message: 'fail as refused' },
      {},
      502,
      'POST /api/chat',
    ],
  ])('is there for what is refused too: %s %s', async (method, path, body, more, status, route) => {
    const requestId = `refused-${crypto.randomUUID()}`
    const headers = { ...more, 'x-request-id': requestId }
    await host.api.request(method, path, { body, headers })
    const function_name = route === 'none' ? 'host' : 'chat'
    const timestamp = expect.stringMatching(/Z$/) as string
    const always = { timestamp, level: 'INFO', service: 'ai-memory-layer', function_name }
    const latency_ms = expect.any(Number) as number
    expect(await linesOf(requestId)).toMatchObject([{ ...always, status, route, latency_ms }])
  })
})

describe('a request id', () => {
  it('is taken as it comes, and told in the answer', async () => {
    for (const id of ['a-request', 'A_b-0123456789', 'x'.repeat(64)]) {
      const headers = { 'x-request-id': id }
      const answer = await host.api.chat({ user_id: 'ada', message: 'tea' }, headers)
      expect(answer.headers.get('x-request-id')).toBe(id)
      expect(await linesOf(id)).toHaveLength(1)
    }
  })

  it.each(['short', 'x'.repeat(65), 'has a space', 'quote"d-id', 'semi;colon-id'])(
    'is made anew for what is none: %s',
    async (id) => {
      const headers = { 'x-request-id': id }
      const answer = await host.api.chat({ user_id: 'ada', message: 'tea' }, headers)
      const made = answer.headers.get('x-request-id')!
      expect(made).not.toBe(id)
      expect(made).toMatch(/^[A-Za-z0-9_-]{8,64}$/)
    },
  )

  it('is told by the host’s own addresses too', async () => {
    for (const path of ['/healthz', '/readyz', '/version', '/metrics', '/nowhere']) {
      const headers = { 'x-request-id': 'own-address' }
      const { headers: told } = await host.api.request('GET', path, { headers })
      expect([path, told.get('x-request-id')]).toEqual([path, 'own-address'])
    }
  })
})

describe('the log', () => {
  it('has one JSON object a line', () => {
    const lines = host.output().trim().split('\n')
    expect(lines.length).toBeGreaterThan(10)
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow()
  })

  const secret = 'xylophone-marmalade'

  it('never holds what a user wrote or read, at any level, in any failure', async () => {
    const user_id = 'private'
    const { api } = host
    const tags = [secret]
    const headers = { 'x-note': secret, 'user-agent': secret, referer: `http://${secret}.example/` }
    await api.chat({ user_id, message: `My secret is ${secret}.`, metadata: { tags } }, headers)
    await api.chat({ user_id, message: `What about ${secret}?` }, headers)
    await api.chatEvents({ user_id, message: `Tell me of ${secret}?` })
    await api.ingest({ user_id, items: [{ text: secret, role: 'user', tags, speaker: secret }] })
    await api.search({ user_id, query: secret, tags })
    await api.list(user_id, { note: secret, cursor: secret })
    await api.get(user_id, secret)
    await api.request('GET', `/${secret}?${secret}=1`)
    await api.request('POST', '/api/chat', { body: `{"message": "${secret}` })
    await api.request('POST', '/api/chat', { body: { message: { [secret]: secret } } })
    await api.request('POST', '/api/chat', { body: { message: 'tea', [secret]: secret } })
    await api.ingest({ user_id, items: [{ text: secret, role: secret, ts: secret }] })
    for (const failure of ['unavailable', 'unforeseen', 'nonsense']) {
      const message = `fail as ${failure} with ${secret}`
      expect((await api.chat({ user_id, message })).status).toBeGreaterThanOrEqual(500)
      await api.chatEvents({ user_id, message })
    }
    await api.chat({ user_id, message: `unembeddable ${secret}` })
    await host.stop()
    expect(host.output()).toContain('"route":"POST /api/memories/search"')
    expect(host.output()).toContain('"user_id":"private"')
    expect(host.output()).not.toContain(secret)
    expect(host.output()).not.toMatch(/xylophone|marmalade/)
  })
})
