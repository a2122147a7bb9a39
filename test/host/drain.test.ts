import { describe, expect, it } from 'vitest'
import { COOKIE_SECRET, sessionOf } from '../support/cookie.ts'
import type { ServerSentEvent } from '../support/events.ts'
import { eventsOf, textOf } from '../support/events.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { openConnection, requestText } from '../support/socket.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A process that is told to go fails no request that it has begun. */

const slow = { user_id: 'ada', message: 'say 20 words, 50 ms apart', message_id: 'slow-message' }
const endless = { ...slow, message: 'say 2000 words, 25 ms apart' }

/** Opens the stream and hands it back once the first word is there. */
async function openAndHear(host: TestHost, body: typeof slow) {
  const events = eventsOf(await host.api.openStream(body))
  const heard: ServerSentEvent[] = []
  while (heard.at(-1)?.event !== 'token') heard.push((await events.next()).value)
  return {
    async rest() {
      for await (const event of events) heard.push(event)
      return heard
    },
  }
}

const last = (host: TestHost) => host.logs().at(-1)

describe('SIGTERM', () => {
  it('lets a running stream finish, takes no new connection, and exits 0', async () => {
    await using host = await startHost({ staged: true })
    const stream = await openAndHear(host, slow)
    host.signal('SIGTERM')
    await expect.poll(() => last(host)?.message).toBe('draining')
    await expect(fetch(`${host.url}/healthz`)).rejects.toThrow('fetch failed')
    const events = await stream.rest()
    expect(textOf(events).split(' ').filter(Boolean)).toHaveLength(20)
    expect(events.at(-1)?.event).toBe('done')
    expect(await host.exited).toBe(0)
    expect(last(host)).toMatchObject({ message: 'stopped', clean: true })
  })

  it('lets an answer that comes whole finish too, and keeps it', async () => {
    await using data = await temporaryFolder()
    await using host = await startHost({ staged: true, dataDir: data.path })
    const answer = host.api.chat(slow)
    await expect.poll(async () => (await host.api.list('ada')).body.results.length).toBe(1)
    host.signal('SIGTERM')
    expect(await answer).toMatchObject({ status: 200 })
    expect(await host.exited).toBe(0)
    await using later = await startHost({ dataDir: data.path })
    const replayed = await later.api.chat(slow)
    expect(replayed.body.response).toBe((await answer).body.response)
  })

  it('turns readiness off while it drains; the process still says that it lives', async () => {
    await using host = await startHost({ staged: true })
    await using early = await openConnection(host.port)
    await using late = await openConnection(host.port)
    const stream = await openAndHear(host, slow)
    // Begun before the signal, so that the connections are not idle; whole only after it.
    const [readyz, healthz] = [requestText('GET', '/readyz'), requestText('GET', '/healthz')]
    early.send(readyz.slice(0, -2))
    late.send(healthz.slice(0, -2))
    await expect.poll(async () => (await host.api.request('GET', '/readyz')).status).toBe(200)
    host.signal('SIGTERM')
    await expect.poll(() => last(host)?.message).toBe('draining')
    early.send('\r\n')
    late.send('\r\n')
    await expect.poll(early.received).toMatch(/^HTTP\/1\.1 503 [\s\S]*"draining"/)
    await expect.poll(late.received).toMatch(/^HTTP\/1\.1 200 [\s\S]*"ok"/)
    expect(early.received().toLowerCase()).toContain('connection: close')
    await stream.rest()
    expect(await host.exited).toBe(0)
  })

  it('does not wait for connections that nobody uses', async () => {
    await using host = await startHost({ env: { DRAIN_TIMEOUT_MS: '600000' } })
    await using unused = await openConnection(host.port)
    await using used = await openConnection(host.port)
    used.send(requestText('GET', '/healthz'))
    await expect.poll(used.received).toContain('200')
    expect(await host.stop()).toBe(0)
    await Promise.all([unused.closed, used.closed])
    expect(last(host)).toMatchObject({ message: 'stopped', clean: true })
  })

  it('a second time ends at once, with exit code 1', async () => {
    await using host = await startHost({ staged: true, env: { DRAIN_TIMEOUT_MS: '600000' } })
    const stream = await openAndHear(host, endless)
    host.signal('SIGTERM')
    await expect.poll(() => last(host)?.message).toBe('draining')
    host.signal('SIGTERM')
    await expect(stream.rest()).rejects.toThrow('terminated')
    expect(await host.exited).toBe(1)
  })

  it('cuts what outlasts the drain, with exit code 1; what was said till then is kept', async () => {
    await using data = await temporaryFolder()
    const options = { staged: true, dataDir: data.path }
    await using host = await startHost({ ...options, env: { DRAIN_TIMEOUT_MS: '500' } })
    const stream = await openAndHear(host, endless)
    host.signal('SIGTERM')
    await expect(stream.rest()).rejects.toThrow('terminated')
    expect(await host.exited).toBe(1)
    expect(last(host)).toMatchObject({ message: 'stopped', clean: false })
    await using later = await startHost(options)
    const { results } = (await later.api.list('ada')).body
    expect(results.map(({ role }) => role)).toEqual(['assistant', 'user'])
    expect(results[0]!.text).toMatch(/^word0 word1 /)
  })
})

describe('an answer that a page left to be made', () => {
  const form = (text: string) => ({
    method: 'POST',
    headers: {
      cookie: sessionOf('ada'),
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'same-origin',
    },
    body: new URLSearchParams({ text, message_id: 'left-behind' }).toString(),
    redirect: 'manual' as const,
  })

  /** Sends the message as the page does, sees its answer begin, and goes away. */
  async function leave(host: TestHost, text: string) {
    await fetch(`${host.url}/c/default/messages`, form(text))
    const away = new AbortController()
    const stream = `${host.url}/c/default/m/left-behind/stream`
    const headers = { cookie: sessionOf('ada') }
    const response = await fetch(stream, { headers, signal: away.signal })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    for (let seen = ''; !seen.includes('word0'); seen += (await reader.read()).value ?? '');
    away.abort()
  }

  it('is finished first', async () => {
    await using data = await temporaryFolder()
    const options = { dataDir: data.path, env: { COOKIE_SECRET } }
    await using host = await startHost({ ...options, staged: true })
    await leave(host, 'say 40 words, 50 ms apart')
    expect(await host.stop()).toBe(0)
    await using later = await startHost(options)
    const { results } = (await later.api.list('ada')).body
    expect(results[0]!.text.split(' ').filter(Boolean)).toHaveLength(40)
  })

  it('is given up where it outlasts the drain, with exit code 1', async () => {
    const env = { COOKIE_SECRET, DRAIN_TIMEOUT_MS: '1000' }
    await using host = await startHost({ staged: true, env })
    await leave(host, 'say 2000 words, 25 ms apart')
    expect(await host.stop()).toBe(1)
    expect(last(host)).toMatchObject({ message: 'stopped', clean: false })
  })
})

it('SIGINT ends the process as well', async () => {
  await using host = await startHost({ staged: true })
  const stream = await openAndHear(host, slow)
  host.signal('SIGINT')
  expect((await stream.rest()).at(-1)?.event).toBe('done')
  expect(await host.exited).toBe(0)
})

it('an error that nothing caught ends the process with exit code 1, and is logged without its text', async () => {
  await using host = await startHost({ staged: true })
  await host.api.request('GET', '/crash')
  expect(await host.exited).toBe(1)
  const failure = { name: 'RangeError', at: expect.any(Array) as string[] }
  expect(last(host)).toMatchObject({ level: 'ERROR', message: 'uncaught', failure })
  expect(host.output()).not.toContain('quotes what a user wrote')
})
