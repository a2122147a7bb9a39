import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { answer, faultFrom, hang, open, post, startServer } from '../../test/models/test-server.ts'
import type { AnswerNote } from './call.ts'
import { UpstreamFault } from './fault.ts'

describe('A fetch of our own', () => {
  it('answers what SDKs read of a response', async () => {
    await using server = await startServer((request, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      answer(200, '{"a":"ü"}', { 'x-request-id': 'r1' })(request, response)
    })
    const response = await open()(`${server.url}/x?y=1`, { headers: new Headers({ a: 'b' }) })
    expect(response).toMatchObject({ status: 200, ok: true, url: `${server.url}/x?y=1` })
    expect(response.headers.get('X-Request-Id')).toBe('r1')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(await response.clone().json()).toEqual({ a: 'ü' })
    expect(await response.text()).toBe('{"a":"ü"}')
    expect(await (await response.blob()).text()).toBe('{"a":"ü"}')
    expect(Buffer.from(await response.arrayBuffer()).toString()).toBe('{"a":"ü"}')
  })

  it('sends headers of any form and a body with its length, and asks for no compression', async () => {
    const seen: unknown[] = []
    await using server = await startServer(async (request, response) => {
      const chunks = await request.toArray()
      seen.push([request.headers, Buffer.concat(chunks).toString()])
      answer(200, '{}')(request, response)
    })
    const fetch = open()
    for (const headers of [
      { 'X-A': 'b' },
      new Headers({ 'x-a': 'b' }),
      [['x-a', 'b']] as [string, string][],
    ]) {
      await fetch(server.url, { method: 'POST', headers, body: '"ü"' })
    }
    await fetch(server.url, { method: 'POST', headers: { 'x-a': 'b' }, body: Buffer.from('"ü"') })
    const headers = { 'x-a': 'b', 'content-length': '4', 'accept-encoding': 'identity' }
    expect(seen).toEqual(Array.from({ length: 4 }, () => [expect.objectContaining(headers), '"ü"']))
  })

  it('opens no connection in a steady state, and shares connections where told to', async () => {
    await using server = await startServer(answer(200, '{}'))
    const fetch = open()
    const beside = open({ connections: fetch.connections })
    await Promise.all(Array.from({ length: 8 }, () => fetch(server.url)))
    expect(fetch.connections.opened()).toBe(8)
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 8 }, () => (round % 2 ? fetch : beside)(server.url)))
    }
    expect(fetch.connections.opened()).toBe(8)
    expect(fetch.connections.open()).toBe(8)
  })

  it('sends the origins that an SDK knows to others, path and query untouched', async () => {
    await using server = await startServer(answer(200, '{}'))
    const fetch = open({ origins: { 'https://router.huggingface.co': server.url } })
    await fetch('https://router.huggingface.co/a%2Fb?c[]=%20d')
    expect(server.requests).toEqual(['GET /a%2Fb?c[]=%20d'])
  })

  it('follows a GET that is sent on, without its keys where the origin changes', async () => {
    const keys: unknown[] = []
    await using target = await startServer((request, response) => {
      keys.push(request.headers.authorization)
      answer(200, '"here"')(request, response)
    })
    await using server = await startServer(answer(307, '', { location: `${target.url}/new` }))
    const headers = { authorization: 'Bearer secret' }
    const response = await open()(`${server.url}/old`, { headers })
    expect(await response.json()).toBe('here')
    expect(keys).toEqual([undefined])
    expect(await faultFrom(open()(server.url, { ...post, headers }))).toMatchObject({
      statusCode: 307,
    })
  })

  it('tells each answer with its headers, also one that rejects the call', async () => {
    await using server = await startServer(
      answer(200, '{}', { 'x-pinecone-request-lsn': '7' }),
      answer(404, '{}'),
    )
    const notes: AnswerNote[] = []
    const fetch = open({ onAnswer: (note) => notes.push(note) })
    await fetch(`${server.url}/upsert?a=1`, post)
    await faultFrom(fetch(server.url))
    expect(notes).toMatchObject([
      { method: 'POST', path: '/upsert', status: 200, headers: { 'x-pinecone-request-lsn': '7' } },
      { method: 'GET', path: '/', status: 404 },
    ])
  })

  it('hands over answers that are no faults to a driver', async () => {
    await using server = await startServer(answer(404, '{"code":5}'), answer(429, '{}'))
    const fetch = open({ isFault: (status) => status === 429 || status >= 500, retries: 0 })
    expect(await (await fetch(server.url)).json()).toEqual({ code: 5 })
    expect(await faultFrom(fetch(server.url))).toMatchObject({ statusCode: 429 })
    expect(await faultFrom(fetch(server.url))).not.toHaveProperty('status')
  })
})

describe('An event stream', () => {
  const events = { 'content-type': 'text/event-stream' }

  it('is read as it comes, and its connection used again', async () => {
    await using server = await startServer((_, response) => {
      response.writeHead(200, events)
      response.write('data: 1\n\n')
      setTimeout(() => response.end('data: 2\n\n'), 20)
    })
    const fetch = open()
    for (let round = 0; round < 3; round += 1) {
      const reader = (await fetch(server.url)).body!.getReader()
      const first = await reader.read()
      expect(Buffer.from(first.value).toString()).toBe('data: 1\n\n')
      const second = await reader.read()
      expect(Buffer.from(second.value).toString()).toBe('data: 2\n\n')
      expect((await reader.read()).done).toBe(true)
      reader.releaseLock()
    }
    expect(fetch.connections.opened()).toBe(1)
  })

  it('may last longer than the deadline of a call', async () => {
    await using server = await startServer((_, response) => {
      response.writeHead(200, events).write('data: 1\n\n')
      setTimeout(() => response.end(), 120)
    })
    const { body } = await open({ timeoutMs: 50 })(server.url)
    expect(await Array.fromAsync(body as AsyncIterable<Uint8Array>)).toHaveLength(1)
  })

  it('ends when the caller goes: the server sees it', async () => {
    await using server = await startServer((_, response) => {
      response.writeHead(200, events).write('data: 1\n\n')
    })
    const caller = new AbortController()
    const reason = new Error('gone')
    const reader = (await open()(server.url, { signal: caller.signal })).body!.getReader()
    await reader.read()
    const next = reader.read()
    caller.abort(reason)
    await expect(next).rejects.toBe(reason)
    await expect.poll(() => server.abandoned).toBe(1)
  })

  it('is a fault when its connection is lost', async () => {
    await using server = await startServer((request, response) => {
      response.writeHead(200, events).write('data: 1\n\n')
      setTimeout(() => request.socket.resetAndDestroy(), 20)
    })
    const fetch = open()
    const { body } = await fetch(server.url)
    const reading = Array.fromAsync(body as AsyncIterable<Uint8Array>)
    expect(await faultFrom(reading)).toMatchObject({ kind: 'network', code: 'ECONNRESET' })
    await expect.poll(() => fetch.status().status).toBe('degraded')
  })

  it('whose end comes after its reader left gives its connection back', async () => {
    await using server = await startServer((_, response) => {
      response.writeHead(200, events).write('data: [DONE]\n\n')
      setTimeout(() => response.end(), 30)
    })
    const fetch = open()
    const reader = (await fetch(server.url)).body!.getReader()
    await reader.read()
    reader.releaseLock()
    await new Promise((resolve) => setTimeout(resolve, 100))
    await fetch(server.url)
    expect(fetch.connections.opened()).toBe(1)
  })

  it('that says no is read whole, like any other refusal', async () => {
    await using server = await startServer(answer(429, '{"code":"too_many"}', events))
    const fetch = open({ retries: 0 })
    expect(await faultFrom(fetch(server.url))).toMatchObject({ statusCode: 429, code: 'too_many' })
  })

  it('that nobody reads to its end does not hold its connection for ever', async () => {
    await using server = await startServer((_, response) => {
      response.writeHead(200, events).write('data: 1\n\n')
      const timer = setInterval(() => response.write('data: more\n\n'), 10)
      response.on('close', () => clearInterval(timer))
    })
    const reader = (await open()(server.url)).body!.getReader()
    await reader.read()
    reader.releaseLock()
    await expect.poll(() => server.abandoned, { timeout: 5000 }).toBe(1)
  })
})

describe('A call that goes wrong', () => {
  it('has a deadline, which the server sees', async () => {
    await using server = await startServer(hang)
    const fault = await faultFrom(open({ timeoutMs: 50 })(server.url))
    expect(fault).toMatchObject({ kind: 'timeout', message: 'Upstream did not answer in time.' })
    await expect.poll(() => server.abandoned).toBe(1)
    expect(server.requests).toHaveLength(1)
  })

  it('has a deadline for its body too', async () => {
    await using server = await startServer((_, response) => response.writeHead(200).write('{'))
    expect(await faultFrom(open({ timeoutMs: 50 })(server.url))).toMatchObject({ kind: 'timeout' })
  })

  it.each(['init', 'terms'] as const)('ends when the caller goes (%s)', async (where) => {
    await using server = await startServer(hang)
    const caller = new AbortController()
    const reason = new Error('gone')
    const { signal } = caller
    const call =
      where === 'init' ? open()(server.url, { signal }) : open().under({ signal })(server.url)
    await expect.poll(() => server.requests.length).toBe(1)
    caller.abort(reason)
    await expect(call).rejects.toBe(reason)
    await expect.poll(() => server.abandoned).toBe(1)
    await expect(open()(server.url, { signal })).rejects.toBe(reason)
    expect(server.requests).toHaveLength(1)
  })

  it('tells what the answer was, in figures and codes alone', async () => {
    const body = '{"error":{"message":"secret words","code":"model_not_supported"}}'
    await using server = await startServer(
      answer(400, body),
      answer(400, '{"code":"Secret words"}'),
    )
    const fault = await faultFrom(open()(server.url))
    expect(fault).toBeInstanceOf(UpstreamFault)
    expect(fault.message).toBe('Upstream answered 400 (model_not_supported).')
    expect(await faultFrom(open()(server.url))).toMatchObject({ code: undefined })
  })

  it.each([
    ['7', 7],
    ['Sun, 01 Mar 2026 12:00:09 GMT', 9],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
    ['soon', undefined],
  ])('keeps what Retry-After says: %s', async (header, seconds) => {
    await using server = await startServer(answer(429, '{}', { 'retry-after': header }))
    const now = () => new Date('2026-03-01T12:00:00Z')
    const fault = await faultFrom(open({ now, retries: 0 })(server.url))
    expect(fault.retryAfterSeconds).toBe(seconds)
  })

  it.each([
    [
      'is cut',
      (_: unknown, response: ServerResponse) => {
        response.writeHead(200, { 'content-length': 9 }).write('{')
        setTimeout(() => response.destroy(), 20)
      },
      { kind: 'network', code: 'ECONNRESET' },
    ],
    ['is compressed', answer(200, 'x', { 'content-encoding': 'gzip' }), { kind: 'nonsense' }],
    [
      'is no HTTP',
      (request: IncomingMessage) => request.socket.end('SSH-2.0\r\n'),
      { kind: 'nonsense' },
    ],
  ] as const)('is a fault where the answer %s', async (_, handler, expected) => {
    await using server = await startServer(handler)
    expect(await faultFrom(open()(server.url, post))).toMatchObject(expected)
  })

  it('is a fault where a header cannot be sent, which is not quoted', async () => {
    const headers = { authorization: 'Bearer secret\nline' }
    const fault = await faultFrom(open()('http://127.0.0.1:1', { headers }))
    expect(fault).toMatchObject({ kind: 'network', code: 'ERR_INVALID_CHAR' })
    expect(fault.cause).toBeUndefined()
  })
})
