import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { AnswerNote } from './call.ts'
import { UpstreamFault } from './fault.ts'
import { answer, hang, reset, startServer } from '../../test/models/test-server.ts'
import { createUpstreamFetch, type UpstreamFetchOptions } from './upstream-fetch.ts'

const open = (options: Partial<UpstreamFetchOptions> = {}) =>
  createUpstreamFetch({ name: 'Upstream', random: () => 0, ...options })
const repeatable = { isRepeatable: () => true }
const post = { method: 'POST', body: '{}' }
const faultOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('It should have failed.'),
    (error: unknown) => error as UpstreamFault,
  )

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
    expect(await faultOf(open()(server.url, { ...post, headers }))).toMatchObject({
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
    await faultOf(fetch(server.url))
    expect(notes).toMatchObject([
      { method: 'POST', path: '/upsert', status: 200, headers: { 'x-pinecone-request-lsn': '7' } },
      { method: 'GET', path: '/', status: 404 },
    ])
  })

  it('hands over answers that are no faults to a driver', async () => {
    await using server = await startServer(answer(404, '{"code":5}'), answer(429, '{}'))
    const fetch = open({ isFault: (status) => status === 429 || status >= 500, retries: 0 })
    expect(await (await fetch(server.url)).json()).toEqual({ code: 5 })
    expect(await faultOf(fetch(server.url))).toMatchObject({ statusCode: 429 })
    expect(await faultOf(fetch(server.url))).not.toHaveProperty('status')
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
    expect(await faultOf(reading)).toMatchObject({ kind: 'network', code: 'ECONNRESET' })
    await expect.poll(() => fetch.status().status).toBe('degraded')
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
    const fault = await faultOf(open({ timeoutMs: 50 })(server.url))
    expect(fault).toMatchObject({ kind: 'timeout', message: 'Upstream did not answer in time.' })
    await expect.poll(() => server.abandoned).toBe(1)
    expect(server.requests).toHaveLength(1)
  })

  it('has a deadline for its body too', async () => {
    await using server = await startServer((_, response) => response.writeHead(200).write('{'))
    expect(await faultOf(open({ timeoutMs: 50 })(server.url))).toMatchObject({ kind: 'timeout' })
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
    const fault = await faultOf(open()(server.url))
    expect(fault).toBeInstanceOf(UpstreamFault)
    expect(fault.message).toBe('Upstream answered 400 (model_not_supported).')
    expect(await faultOf(open()(server.url))).toMatchObject({ code: undefined })
  })

  it.each([
    ['7', 7],
    ['Sun, 01 Mar 2026 12:00:09 GMT', 9],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
    ['soon', undefined],
  ])('keeps what Retry-After says: %s', async (header, seconds) => {
    await using server = await startServer(answer(429, '{}', { 'retry-after': header }))
    const now = () => new Date('2026-03-01T12:00:00Z')
    const fault = await faultOf(open({ now, retries: 0 })(server.url))
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
    expect(await faultOf(open()(server.url, post))).toMatchObject(expected)
  })

  it('is a fault where a header cannot be sent, which is not quoted', async () => {
    const headers = { authorization: 'Bearer secret\nline' }
    const fault = await faultOf(open()('http://127.0.0.1:1', { headers }))
    expect(fault).toMatchObject({ kind: 'network', code: 'ERR_INVALID_CHAR' })
    expect(fault.cause).toBeUndefined()
  })
})

describe('A repeat', () => {
  it.each([429, 503])('is safe for any request where the answer is %i', async (status) => {
    await using server = await startServer(answer(status, '{}'), answer(200, '"yes"'))
    expect(await (await open()(server.url, post)).json()).toBe('yes')
    expect(server.requests).toHaveLength(2)
  })

  it.each([
    ['reset', reset],
    ['a 500', answer(500, '{}')],
    ['a 502', answer(502, '<html>')],
  ])('after %s is only made where doing it twice does no harm', async (_, handler) => {
    await using unsafe = await startServer(handler, answer(200, '{}'))
    await faultOf(open()(unsafe.url, post))
    expect(unsafe.requests).toHaveLength(1)
    await using safe = await startServer(handler, answer(200, '{}'))
    await open(repeatable)(safe.url, post)
    expect(safe.requests).toHaveLength(2)
  })

  it('is made twice at most', async () => {
    await using server = await startServer(answer(503, '{}'))
    expect(await faultOf(open()(server.url))).toMatchObject({ statusCode: 503 })
    expect(server.requests).toHaveLength(3)
  })

  it.each([400, 401, 402, 403, 404, 413])('is no use after %i', async (status) => {
    await using server = await startServer(answer(status, '{}'))
    await faultOf(open(repeatable)(server.url))
    expect(server.requests).toHaveLength(1)
  })

  it('waits as long as Retry-After asks', async () => {
    await using server = await startServer(
      answer(429, '{}', { 'retry-after': '0.4' }),
      answer(200, '{}'),
    )
    const startedAtMs = performance.now()
    await open()(server.url)
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(395)
  })

  it('is not made where the deadline leaves no time for it', async () => {
    await using server = await startServer(answer(429, '{}', { 'retry-after': '60' }))
    const fault = await faultOf(open({ timeoutMs: 5000 })(server.url))
    expect(fault).toMatchObject({ statusCode: 429, retryAfterSeconds: 60 })
    expect(server.requests).toHaveLength(1)
  })

  it('ends when the caller goes', async () => {
    await using server = await startServer(answer(503, '{}', { 'retry-after': '5' }))
    const caller = new AbortController()
    const reason = new Error('gone')
    const call = open()(server.url, { signal: caller.signal })
    await expect.poll(() => server.requests.length).toBe(1)
    caller.abort(reason)
    await expect(call).rejects.toBe(reason)
  })

  it('follows at once where an idle connection had died, and takes a new one', async () => {
    await using server = await startServer(
      answer(200, '{}'),
      answer(200, '{}'),
      reset,
      answer(200, '{}'),
    )
    const fetch = open(repeatable)
    await Promise.all([fetch(server.url), fetch(server.url)])
    await fetch(server.url, post)
    expect(server.requests).toHaveLength(4)
    expect(fetch.connections.opened()).toBe(3)
  })
})

describe('The circuit', () => {
  it('opens after five failures, spares the upstream, tries one call, and closes', async () => {
    let isUp = false
    await using server = await startServer((request, response) =>
      isUp ? answer(200, '{}')(request, response) : reset(request, response),
    )
    const fetch = open({ retries: 0, breakMs: 100 })
    for (let call = 0; call < 5; call += 1) await faultOf(fetch(server.url))
    expect(await faultOf(fetch(server.url))).toMatchObject({ kind: 'open', retryAfterSeconds: 0.1 })
    expect(server.requests).toHaveLength(5)
    expect(fetch.status()).toEqual({ status: 'error', detail: expect.any(String) })
    isUp = true
    await expect
      .poll(() =>
        fetch(server.url).then(
          () => 'up',
          () => 'down',
        ),
      )
      .toBe('up')
    expect(fetch.status()).toEqual({ status: 'ok' })
  })

  it('lets one call try while others fail at once', async () => {
    let isUp = false
    const held: (() => void)[] = []
    await using server = await startServer((request, response) => {
      if (!isUp) return reset(request, response)
      return held.push(() => response.end('{}'))
    })
    const fetch = open({ retries: 0, breakMs: 1 })
    for (let call = 0; call < 5; call += 1) await faultOf(fetch(server.url))
    isUp = true
    await new Promise((resolve) => setTimeout(resolve, 5))
    const trial = fetch(server.url)
    await expect.poll(() => held.length).toBe(1)
    expect(await faultOf(fetch(server.url))).toMatchObject({ kind: 'open' })
    held[0]!()
    expect((await trial).status).toBe(200)
  })

  it('stays open when the call that tries it is given up', async () => {
    await using server = await startServer(reset, reset, reset, reset, reset, hang)
    const fetch = open({ retries: 0, breakMs: 1 })
    for (let call = 0; call < 5; call += 1) await faultOf(fetch(server.url))
    await new Promise((resolve) => setTimeout(resolve, 5))
    const caller = new AbortController()
    const trial = fetch(server.url, { signal: caller.signal })
    await expect.poll(() => server.requests.length).toBe(6)
    caller.abort(new Error('gone'))
    await expect(trial).rejects.toThrow('gone')
    expect(await faultOf(fetch(server.url))).toMatchObject({ kind: 'open' })
  })

  it.each([400, 401, 429])('is not opened by answers of %i', async (status) => {
    await using server = await startServer(answer(status, '{}'))
    const fetch = open({ retries: 0 })
    for (let call = 0; call < 8; call += 1) await faultOf(fetch(server.url))
    expect(server.requests).toHaveLength(8)
  })
})

describe('The status of an upstream', () => {
  const clock = () => {
    let ms = 1_000_000
    return { now: () => new Date(ms), pass: (more: number) => (ms += more) }
  }

  it('is degraded by one failure and mended by one success', async () => {
    await using server = await startServer(answer(500, '{}'), answer(200, '{}'))
    const fetch = open({ retries: 0 })
    expect(fetch.status()).toEqual({ status: 'ok' })
    await faultOf(fetch(server.url))
    expect(fetch.status()).toEqual({ status: 'degraded', detail: 'Upstream answered 500.' })
    await fetch(server.url)
    expect(fetch.status()).toEqual({ status: 'ok' })
  })

  it('is not changed by a question that was wrong', async () => {
    await using server = await startServer(answer(400, '{}'))
    const fetch = open()
    await faultOf(fetch(server.url))
    expect(fetch.status()).toEqual({ status: 'ok' })
  })

  it.each([401, 402, 403])(
    'is an error from the first %i, which a free probe does not mend',
    async (status) => {
      await using server = await startServer((request, response) =>
        answer(request.url === '/probe' ? 200 : status, '{}')(request, response),
      )
      const { now, pass } = clock()
      const fetch = open({ now, probe: { url: `${server.url}/probe` } })
      await faultOf(fetch(server.url, post))
      pass(60_000)
      expect(await fetch.check()).toMatchObject({ status: 'error' })
      expect(server.requests).toEqual(['POST /', 'GET /probe'])
    },
  )

  it('comes from traffic where there was some, else from a probe every 30 seconds at most', async () => {
    await using server = await startServer(answer(200, '{}'))
    const { now, pass } = clock()
    const fetch = open({ now, probe: { url: `${server.url}/probe`, headers: { a: 'b' } } })
    await Promise.all([fetch.check(), fetch.check()])
    pass(29_000)
    await fetch.check()
    expect(server.requests).toEqual(['GET /probe'])
    await fetch(server.url, post)
    pass(29_000)
    await fetch.check()
    expect(server.requests).toEqual(['GET /probe', 'POST /'])
    pass(2000)
    await fetch.check()
    expect(server.requests).toEqual(['GET /probe', 'POST /', 'GET /probe'])
  })

  it('shows by the probe that an upstream went away, and that it came back', async () => {
    await using server = await startServer(reset, answer(404, '{}'))
    const { now, pass } = clock()
    const fetch = open({ now, probe: { url: server.url } })
    expect(await fetch.check()).toMatchObject({ status: 'degraded' })
    pass(31_000)
    expect(await fetch.check()).toEqual({ status: 'ok' })
  })

  it('warms connections by the probe, and never rejects', async () => {
    await using server = await startServer(answer(200, '{}'))
    const fetch = open({ probe: { url: server.url } })
    await fetch.warm(3)
    await Promise.all([fetch(server.url), fetch(server.url), fetch(server.url)])
    expect(fetch.connections.opened()).toBe(3)
    await open({ probe: { url: 'http://127.0.0.1:1' } }).warm()
    await open().warm()
  })
})
