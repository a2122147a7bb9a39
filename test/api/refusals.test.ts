import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '../support/api.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { faultsOf, problemOf } from '../support/problems.ts'
import { openConnection } from '../support/socket.ts'

/** What is wrong with a request is told in one form, whole, and nothing of the request is kept. */

let host: TestHost
let api: Api
beforeAll(async () => {
  host = await startHost()
  api = host.api
})
afterAll(() => host[Symbol.asyncDispose]())

const item = { text: 'I drink tea.', role: 'user' }
const KIB = 1024

describe('a request that cannot be read', () => {
  it.each([
    ['/api/chat', '{"message": "half a'],
    ['/api/chat', ''],
    ['/api/ingest', '[1,'],
    ['/api/memories/search', 'query=tea'],
  ])('is 400 at %s: %s', async (path, body) => {
    expect(problemOf(await api.request('POST', path, { body }), 400).title).toBe('Not JSON')
  })

  it.each([
    ['application/x-www-form-urlencoded', 'message=tea'],
    ['text/plain', '{"message":"tea"}'],
    ['application/jsonp', '{"message":"tea"}'],
    ['multipart/form-data; boundary=x', '--x--'],
  ])('is 415 as %s', async (type, body) => {
    const headers = { 'content-type': type }
    for (const path of ['/api/chat', '/api/ingest', '/api/memories/search']) {
      const answer = await api.request('POST', path, { body, headers })
      expect(problemOf(answer, 415).detail).toContain('content-type: application/json')
    }
  })

  it('is 415 without a type, even when its bytes are JSON', async () => {
    const body = new Blob(['{"user_id":"refused","message":"tea"}'])
    const response = await fetch(`${host.url}/api/chat`, { method: 'POST', body })
    expect(response.status).toBe(415)
  })

  it('is read as JSON whatever the type says beside it', async () => {
    const headers = { 'content-type': 'Application/JSON; charset=UTF-8' }
    const body = { user_id: 'ada', message: 'I drink tea.' }
    expect(await api.chat(body, headers)).toMatchObject({ status: 200 })
  })
})

describe('bytes that are no text, or no request', () => {
  it('are 400, and never stored as something else', async () => {
    const broken = Buffer.concat([
      Buffer.from('{"user_id":"refused","message":"caf'),
      Buffer.from([0xe9]), // As Latin-1 has it.
      Buffer.from('"}'),
    ])
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: broken }
    const response = await fetch(`${host.url}/api/chat`, init)
    expect(await response.json()).toMatchObject({ status: 400, title: 'Not UTF-8' })
  })

  it.each([
    ['nonsense\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nhost: a b\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    ['POST / HTTP/1.1\r\nhost: a\r\nexpect: gold\r\n\r\n', 417],
  ])('are a problem that ends the connection: %s', async (bytes, status) => {
    await using connection = await openConnection(host.port)
    connection.send(bytes)
    await connection.closed
    const [head = '', body = ''] = connection.received().split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*application/problem\\+json`))
    expect(JSON.parse(body.replaceAll(/^\w+\r\n|\r\n0?$/g, ''))).toMatchObject({ status })
  })
})

describe('an address', () => {
  it.each(['/api/', '/api/chats', '/api/chat/', '/api/memories/a/b'])(
    'that is unknown is 404: %s',
    async (path) => {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        expect(problemOf(await api.request(method, path), 404).title).toBe('Not found')
      }
    },
  )

  it('that is unknown is 404 beyond the API as well', async () => {
    problemOf(await api.request('POST', '/nowhere', { body: {} }), 404)
    expect((await api.request('GET', '/nowhere')).status).toBe(404)
  })

  it.each([
    ['GET', '/api/chat', 'POST'],
    ['DELETE', '/api/ingest', 'POST'],
    ['GET', '/api/memories/search', undefined],
    ['POST', '/api/memories', 'GET'],
    ['POST', '/api/health', 'GET'],
    ['PUT', '/api/memories/01a1fc1f-383d-726e-8bf6-f036098e3097', 'DELETE, GET, PATCH'],
  ])('known by another method is 405: %s %s', async (method, path, allow) => {
    const answer = await api.request(method, path)
    if (allow === undefined) {
      // GET /api/memories/{id} takes it: no memory is called “search”.
      faultsOf(answer, 422)
      return
    }
    problemOf(answer, 405)
    expect(answer.headers.get('allow')).toBe(allow)
  })
})

describe('a body that is too large', () => {
  const chatOf = (bytes: number) => {
    const frame = JSON.stringify({ user_id: 'refused', message: '' })
    return frame.replace('""', `"${'a'.repeat(bytes - frame.length)}"`)
  }

  it('is 413 over 64 KiB, and read up to that', async () => {
    problemOf(await api.request('POST', '/api/chat', { body: chatOf(64 * KIB + 1) }), 413)
    // 64 KiB are read: what is wrong now is the length of the message.
    const read = await api.request('POST', '/api/chat', { body: chatOf(64 * KIB) })
    expect(faultsOf(read, 422)).toHaveProperty('/message')
    const search = { body: chatOf(64 * KIB + 1) }
    problemOf(await api.request('POST', '/api/memories/search', search), 413)
  })

  it('is 413 over 6 MiB for ingest, and taken up to that', async () => {
    const items = Array.from({ length: 192 }, () => ({ ...item, text: 'a'.repeat(32_000) }))
    const frame = JSON.stringify({ user_id: 'big', items })
    const filled = frame.padEnd(6 * 1024 * KIB, ' ')
    const answer = await api.request('POST', '/api/ingest', { body: filled })
    expect(answer).toMatchObject({ status: 200, body: { upserted: 192 } })
    problemOf(await api.request('POST', '/api/ingest', { body: `${filled} ` }), 413)
  })

  it('is 413 when it says nothing of its length', async () => {
    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let sent = 0; sent <= 6 * 1024; sent += 64) {
          controller.enqueue(new Uint8Array(64 * KIB).fill(32))
        }
        controller.close()
      },
    })
    const response = await fetch(`${host.url}/api/ingest`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: chunks,
      duplex: 'half',
    })
    expect(response.status).toBe(413)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })
})

describe('content that is wrong', () => {
  it.each([
    ['a message that is missing', {}, ['/message']],
    ['a message of another type', { message: 7 }, ['/message']],
    ['a message of blanks', { message: ' \n\t ' }, ['/message']],
    ['a user id', { message: 'tea', user_id: '-ada' }, ['/user_id']],
    ['a user id that is too long', { message: 'tea', user_id: 'a'.repeat(65) }, ['/user_id']],
    ['an empty user id', { message: 'tea', user_id: '' }, ['/user_id']],
    ['top_k below', { message: 'tea', top_k: -1 }, ['/top_k']],
    ['top_k above', { message: 'tea', top_k: 51 }, ['/top_k']],
    ['top_k in parts', { message: 'tea', top_k: 1.5 }, ['/top_k']],
    ['top_k as text', { message: 'tea', top_k: '5' }, ['/top_k']],
    ['score_threshold', { message: 'tea', score_threshold: 1.01 }, ['/score_threshold']],
    ['stream', { message: 'tea', stream: 'yes' }, ['/stream']],
    ['a short message_id', { message: 'tea', message_id: 'seven77' }, ['/message_id']],
    ['a message_id with a dot', { message: 'tea', message_id: 'eight.88' }, ['/message_id']],
    [
      'a conversation id',
      { message: 'tea', metadata: { conversation_id: 'a b' } },
      ['/metadata/conversation_id'],
    ],
    [
      'a conversation id that is too long',
      { message: 'tea', metadata: { conversation_id: 'c'.repeat(65) } },
      ['/metadata/conversation_id'],
    ],
    [
      'tags',
      { message: 'tea', metadata: { tags: ['', 'a'.repeat(65), 'fine', 3] } },
      ['/metadata/tags/0', '/metadata/tags/1', '/metadata/tags/3'],
    ],
    [
      'too many tags',
      { message: 'tea', metadata: { tags: Array.from({ length: 17 }, String) } },
      ['/metadata/tags'],
    ],
    ['metadata of another type', { message: 'tea', metadata: 'x' }, ['/metadata']],
    ['a list', [], ['']],
    ['nothing', null, ['']],
    [
      'all of it at once',
      { message: '', user_id: '.', top_k: 99, stream: 1, sore_threshold: 0 },
      ['/message', '/sore_threshold', '/stream', '/top_k', '/user_id'],
    ],
  ])('is 422 in /api/chat: %s', async (_, body, paths) => {
    const answer = await api.request('POST', '/api/chat', {
      body:
        Array.isArray(body) || body === null
          ? JSON.stringify(body)
          : { user_id: 'refused', ...body },
    })
    expect(Object.keys(faultsOf(answer, 422)).toSorted()).toEqual(paths)
  })

  it.each([
    ['no items', { items: [] }, ['/items']],
    ['items that are missing', {}, ['/items']],
    ['too many items', { items: Array.from({ length: 1001 }, () => item) }, ['/items']],
    ['no text', { items: [item, { role: 'user' }] }, ['/items/1/text']],
    ['an empty text', { items: [{ ...item, text: '' }] }, ['/items/0/text']],
    ['a long text', { items: [{ ...item, text: 'a'.repeat(32_001) }] }, ['/items/0/text']],
    ['a role', { items: [{ ...item, role: 'system' }] }, ['/items/0/role']],
    ['a time without offset', { items: [{ ...item, ts: '2026-05-04T12:00:00' }] }, ['/items/0/ts']],
    ['no time at all', { items: [{ ...item, ts: 'yesterday' }] }, ['/items/0/ts']],
    ['a day that is none', { items: [{ ...item, ts: '2026-02-30T12:00:00Z' }] }, ['/items/0/ts']],
    ['a time before 1970', { items: [{ ...item, ts: '1969-12-31T23:59:59Z' }] }, ['/items/0/ts']],
    [
      'members that nobody knows',
      { items: [{ ...item, txt: 'a', 'a/b~c': 1 }], user: 'ada' },
      ['/items/0/a~1b~0c', '/items/0/txt', '/user'],
    ],
    [
      'several items',
      { items: [item, { text: '', role: 'x' }, item, { text: 3, role: 'user', tags: 'a' }] },
      ['/items/1/role', '/items/1/text', '/items/3/tags', '/items/3/text'],
    ],
  ])('is 422 in /api/ingest: %s', async (_, body, paths) => {
    const answer = await api.request('POST', '/api/ingest', {
      body: { user_id: 'refused', ...body },
    })
    expect(Object.keys(faultsOf(answer, 422)).toSorted()).toEqual(paths)
  })

  it('is 422 when a time is more than a day ahead, and not when it is less', async () => {
    const hoursAhead = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()
    const ingest = (ts: string) => api.ingest({ user_id: 'refused', items: [{ ...item, ts }] })
    expect(faultsOf(await ingest(hoursAhead(25)), 422)).toHaveProperty('/items/0/ts')
    const soon = { user_id: 'ada', items: [{ ...item, ts: hoursAhead(23) }] }
    expect(await api.ingest(soon)).toMatchObject({ status: 200 })
  })

  it.each([
    ['no query', { user_id: 'ada' }, ['/query']],
    ['a long query', { user_id: 'ada', query: 'a'.repeat(4001) }, ['/query']],
    [
      'numbers',
      { user_id: 'ada', query: 'tea', top_k: 51, score_threshold: -1 },
      ['/score_threshold', '/top_k'],
    ],
    ['tags', { user_id: 'ada', query: 'tea', tags: [''] }, ['/tags/0']],
    ['a member nobody knows', { user_id: 'ada', query: 'tea', topk: 3 }, ['/topk']],
  ])('is 422 in /api/memories/search: %s', async (_, body, paths) => {
    const answer = await api.request('POST', '/api/memories/search', { body })
    expect(Object.keys(faultsOf(answer, 422)).toSorted()).toEqual(paths)
  })

  it.each([
    ['limit=0', ['/query/limit']],
    ['limit=201', ['/query/limit']],
    ['limit=many', ['/query/limit']],
    ['limit=', ['/query/limit']],
    ['cursor=nonsense', ['/query/cursor']],
    ['limit=1.5&user_id=a%20b', ['/query/limit', '/query/user_id']],
  ])('is 422 in the query of /api/memories: %s', async (query, paths) => {
    const owner = query.includes('user_id') ? '' : '&user_id=ada'
    const answer = await api.request('GET', `/api/memories?${query}${owner}`)
    expect(Object.keys(faultsOf(answer, 422)).toSorted()).toEqual(paths)
  })

  it('names what is allowed, and the nearest member for one that nobody knows', async () => {
    const body = { user_id: 'refused', mesage: 'tea', message: '', top_k: 51 }
    const faults = faultsOf(await api.request('POST', '/api/chat', { body }), 422)
    expect(faults['/mesage']).toContain('“message”')
    expect(faults['/message']).toContain('1 to 4,000')
    expect(faults['/top_k']).toContain('at most 50')
  })

  it('ignores members of metadata and query parameters that nobody knows', async () => {
    const metadata = { conversation_id: 'c', mood: 'good', nested: { deep: [1] } }
    const chat = await api.chat({ user_id: 'ada', message: 'I drink tea.', metadata })
    expect(chat).toMatchObject({ status: 200, body: { conversation_id: 'c' } })
    expect(await api.list('ada', { colour: 'green' })).toMatchObject({ status: 200 })
  })
})

it('keeps nothing of all that was refused', async () => {
  expect((await api.list('refused')).body).toEqual({ results: [], next_cursor: null })
})
