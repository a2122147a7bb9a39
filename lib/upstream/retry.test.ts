import { describe, expect, it } from 'vitest'
import {
  answer,
  faultFrom,
  open,
  post,
  repeatable,
  reset,
  startServer,
} from '../../test/models/test-server.ts'

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
    await faultFrom(open()(unsafe.url, post))
    expect(unsafe.requests).toHaveLength(1)
    await using safe = await startServer(handler, answer(200, '{}'))
    await open(repeatable)(safe.url, post)
    expect(safe.requests).toHaveLength(2)
  })

  it('is made twice at most', async () => {
    await using server = await startServer(answer(503, '{}'))
    expect(await faultFrom(open()(server.url))).toMatchObject({ statusCode: 503 })
    expect(server.requests).toHaveLength(3)
  })

  it.each([400, 401, 402, 403, 404, 413])('is no use after %i', async (status) => {
    await using server = await startServer(answer(status, '{}'))
    await faultFrom(open(repeatable)(server.url))
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
    const fault = await faultFrom(open({ timeoutMs: 5000 })(server.url))
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
