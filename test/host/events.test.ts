import { describe, expect, it } from 'vitest'
import { toContext, toEvent } from '../../lib/host/event.ts'

/** An HTTP request becomes the event that a function URL would make of it: payload format 2.0. */

const source = {
  routeKey: 'POST /api/chat',
  pathParameters: {},
  requestId: 'one-request',
  client: { address: '203.0.113.7', isSecure: undefined },
} as const
const eventOf = (path: string, init: RequestInit = {}, more: Partial<typeof source> = {}) =>
  toEvent(new Request(`http://chat.example:8000${path}`, init), { ...source, ...more })

describe('the event of a request', () => {
  it('has its place, its caller and its id', async () => {
    const headers = { 'User-Agent': 'a browser', 'X-Note': 'yes' }
    const event = await eventOf('/api/chat', { method: 'POST', headers })
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'POST /api/chat',
      rawPath: '/api/chat',
      rawQueryString: '',
      headers: { 'user-agent': 'a browser', 'x-note': 'yes' },
      isBase64Encoded: false,
      requestContext: {
        requestId: 'one-request',
        domainName: 'chat.example',
        http: {
          method: 'POST',
          path: '/api/chat',
          sourceIp: '203.0.113.7',
          userAgent: 'a browser',
        },
      },
    })
    for (const absent of ['body', 'cookies', 'pathParameters', 'queryStringParameters']) {
      expect(event).not.toHaveProperty(absent)
    }
  })

  it('has its cookies apart from the headers', async () => {
    const event = await eventOf('/', { headers: { cookie: 'a=1; b=2;c=3' } })
    expect(event.cookies).toEqual(['a=1', 'b=2', 'c=3'])
    expect(event.headers).not.toHaveProperty('cookie')
  })

  it('has its query raw, and as parameters: repeated ones joined', async () => {
    const event = await eventOf('/a?x=1&y=b%20c&x=2&z')
    expect(event.rawQueryString).toBe('x=1&y=b%20c&x=2&z')
    expect(event.queryStringParameters).toEqual({ x: '1,2', y: 'b c', z: '' })
  })

  it('has its path as it came, and what the path says decoded', async () => {
    const pathParameters = { id: 'a b' }
    const event = await eventOf('/api/memories/a%20b', {}, { pathParameters })
    expect(event).toMatchObject({ rawPath: '/api/memories/a%20b', pathParameters })
  })

  it.each([
    ['application/json', true],
    ['application/json; charset=utf-8', true],
    ['text/plain', true],
    ['application/javascript', true],
    ['application/xml', true],
    ['application/x-www-form-urlencoded', false],
    ['application/x-ndjson', false],
    ['application/jsonp', false],
    ['application/octet-stream', false],
  ])('has a body of type %s as text: %s; else in base64', async (type, isText) => {
    const init = { method: 'POST', headers: { 'content-type': type }, body: 'grün=1' }
    const { body, isBase64Encoded } = await eventOf('/', init)
    expect(isBase64Encoded).toBe(!isText)
    expect(body).toBe(isText ? 'grün=1' : Buffer.from('grün=1').toString('base64'))
  })

  it('has a body without a type in base64', async () => {
    const { body, isBase64Encoded } = await eventOf('/', {
      method: 'POST',
      body: new Uint8Array([0, 255, 7]),
    })
    expect([body, isBase64Encoded]).toEqual(['AP8H', true])
  })
})

it('the context of a call knows its time, and counts it down', () => {
  const context = toContext('chat', 'one-call', 5000)
  expect(context).toMatchObject({ functionName: 'chat', awsRequestId: 'one-call' })
  expect(context.getRemainingTimeInMillis()).toBeGreaterThan(4000)
  expect(context.getRemainingTimeInMillis()).toBeLessThanOrEqual(5000)
})
