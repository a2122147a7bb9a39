import { describe, expect, it } from 'vitest'
import { startHost, startRefused } from '../support/host.ts'

/** Which other sites' pages may call the API: none, unless CORS_ORIGINS names them. */

const asked = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'content-type,x-user-id',
}

describe('without CORS_ORIGINS', () => {
  it('no other site may', async () => {
    await using host = await startHost()
    const origin = 'http://localhost:7860'
    const headers = { origin, ...asked }
    const preflight = await host.api.request('OPTIONS', '/api/chat', { headers })
    expect(preflight.status).toBe(405)
    const answer = await host.api.chat({ user_id: 'ada', message: 'Hello!' }, { origin })
    expect(answer.status, 'it is the browser that keeps the answer from the page').toBe(200)
    for (const { headers: told } of [preflight, answer]) {
      expect([...told.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })
})

describe('with CORS_ORIGINS', () => {
  const env = { CORS_ORIGINS: 'http://localhost:7860, https://app.example' }

  it('these sites may, and are told what they may send and read', async () => {
    await using host = await startHost({ env })
    for (const origin of ['http://localhost:7860', 'https://app.example']) {
      const headers = { origin, ...asked }
      const preflight = await host.api.request('OPTIONS', '/api/chat', { headers })
      expect(preflight.status).toBe(204)
      expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
      expect(preflight.headers.get('access-control-allow-methods')).toBe('GET,POST,PATCH,DELETE')
      const allowed = preflight.headers.get('access-control-allow-headers')
      expect(allowed).toContain('content-type')
      expect(allowed).toContain('x-user-id')
      expect(preflight.headers.get('vary')).toMatch(/origin/i)

      const answer = await host.api.chat({ user_id: 'ada', message: 'Hello!' }, { origin })
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
      expect(answer.headers.get('access-control-expose-headers')).toContain('x-request-id')
      expect(answer.headers.get('vary')).toMatch(/origin/i)
    }
  })

  it('they read refusals and streams too', async () => {
    await using host = await startHost({ env })
    const headers = { origin: 'https://app.example' }
    const answers = [
      await host.api.chat({ message: '' }, headers),
      await host.api.request('GET', '/api/nowhere', { headers }),
      await host.api.request('GET', '/api/chat', { headers }),
      await host.api.request('POST', '/api/ingest', { headers, body: 'x'.repeat(7_000_000) }),
      await host.api.request('POST', '/api/chat', {
        headers,
        body: { message: 'Hi', stream: true },
      }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([422, 404, 405, 413, 200])
    for (const { headers: told } of answers) {
      expect(told.get('access-control-allow-origin')).toBe('https://app.example')
    }
  })

  it.each([
    'https://evil.example',
    'http://localhost:7861',
    'https://localhost:7860',
    'https://app.example.evil.example',
    'https://APP.example.',
    'null',
  ])('%s may not', async (origin) => {
    await using host = await startHost({ env })
    const headers = { origin, ...asked }
    const preflight = await host.api.request('OPTIONS', '/api/chat', { headers })
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
    const answer = await host.api.chat({ user_id: 'ada', message: 'Hello!' }, { origin })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('only the API is open: neither health of the process nor metrics', async () => {
    await using host = await startHost({ env })
    const headers = { origin: 'https://app.example' }
    for (const path of ['/healthz', '/readyz', '/version', '/metrics']) {
      const { headers: told } = await host.api.request('GET', path, { headers })
      expect([path, told.get('access-control-allow-origin')]).toEqual([path, null])
    }
  })

  it('never lets cookies along: a page of another site is nobody here', async () => {
    await using host = await startHost({ env })
    const headers = { origin: 'https://app.example', ...asked }
    const preflight = await host.api.request('OPTIONS', '/api/chat', { headers })
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull()
  })
})

it('is never opened to every site: a star is no origin', async () => {
  const { code, stderr } = await startRefused({ CORS_ORIGINS: 'http://localhost:7860, *' })
  expect([code, stderr]).toEqual([1, expect.stringContaining('CORS_ORIGINS: “*” is not an origin')])
})
