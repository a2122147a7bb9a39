import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  answer,
  faultFrom,
  hang,
  open,
  post,
  reset,
  startServer,
} from '../../test/models/test-server.ts'
import type { UpstreamFetch } from './upstream-fetch.ts'

describe('The circuit', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())

  /** Calls until the circuit is open, then waits until it may be tried. */
  async function breakAndWait(fetch: UpstreamFetch, url: string) {
    for (let call = 0; call < 5; call += 1) await faultFrom(fetch(url))
    expect(await faultFrom(fetch(url))).toMatchObject({ kind: 'open', retryAfterSeconds: 5 })
    vi.setSystemTime(Date.now() + 5001)
  }

  it('opens after five failures, spares the upstream, tries one call, and closes', async () => {
    await using server = await startServer(reset, reset, reset, reset, reset, answer(200, '{}'))
    const fetch = open({ retries: 0 })
    await breakAndWait(fetch, server.url)
    expect(server.requests).toHaveLength(5)
    expect(fetch.status()).toEqual({
      status: 'error',
      detail: 'Upstream cannot be reached (ECONNRESET).',
    })
    await fetch(server.url)
    expect(fetch.status()).toEqual({ status: 'ok' })
    await fetch(server.url)
  })

  it('lets one call try while others fail at once', async () => {
    const held: (() => void)[] = []
    await using server = await startServer(reset, reset, reset, reset, reset, (_, response) =>
      held.push(() => response.end('{}')),
    )
    const fetch = open({ retries: 0 })
    await breakAndWait(fetch, server.url)
    const trial = fetch(server.url)
    await expect.poll(() => held.length).toBe(1)
    expect(await faultFrom(fetch(server.url))).toMatchObject({ kind: 'open' })
    held[0]!()
    expect((await trial).status).toBe(200)
  })

  it('stays open when the call that tries it is given up', async () => {
    await using server = await startServer(reset, reset, reset, reset, reset, hang)
    const fetch = open({ retries: 0 })
    await breakAndWait(fetch, server.url)
    const caller = new AbortController()
    const trial = fetch(server.url, { signal: caller.signal })
    await expect.poll(() => server.requests.length).toBe(6)
    caller.abort(new Error('gone'))
    await expect(trial).rejects.toThrow('gone')
    expect(await faultFrom(fetch(server.url))).toMatchObject({ kind: 'open' })
  })

  it.each([400, 401, 429])('is not opened by answers of %i', async (status) => {
    await using server = await startServer(answer(status, '{}'))
    const fetch = open({ retries: 0 })
    for (let call = 0; call < 8; call += 1) await faultFrom(fetch(server.url))
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
    await faultFrom(fetch(server.url))
    expect(fetch.status()).toEqual({ status: 'degraded', detail: 'Upstream answered 500.' })
    await fetch(server.url)
    expect(fetch.status()).toEqual({ status: 'ok' })
  })

  it('is not changed by a question that was wrong', async () => {
    await using server = await startServer(answer(400, '{}'))
    const fetch = open()
    await faultFrom(fetch(server.url))
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
      await faultFrom(fetch(server.url, post))
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
