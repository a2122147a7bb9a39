import { readdir, readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHost, type TestHost } from '../support/host.ts'
import { bearer, keyFor } from '../support/keys.ts'
import { apiDocument, createApiContract, type Exchange } from '../support/openapi.ts'

/** The document that callers are given, and the answers of every route and status that it names. */

const KIB = 1024
const UNLIMITED = { RATE_LIMIT_USER: '0', RATE_LIMIT_ADDRESS: '0' }
const ada = keyFor('ada')
const hosts: Record<'open' | 'keyed' | 'limited' | 'crowded', TestHost> = {} as never
beforeAll(async () => {
  const start = async (name: keyof typeof hosts, env: Record<string, string>) => {
    hosts[name] = await startHost({ staged: true, env })
  }
  await Promise.all([
    start('open', { ...UNLIMITED, STAGED_HEALTH: 'error' }),
    start('keyed', { ...UNLIMITED, API_KEYS: ada.entry }),
    start('limited', { ...UNLIMITED, RATE_LIMIT_USER: '1' }),
    start('crowded', { ...UNLIMITED, RATE_LIMIT_ADDRESS: '1' }),
  ])
})
afterAll(() => Promise.all(Object.values(hosts).map((host) => host[Symbol.asyncDispose]())))

const contract = createApiContract(apiDocument)

/** A request that is well, for each operation; `user` is whom it is about. */
const requests: Record<string, (user: string) => Promise<Request> | Request> = {
  'POST /api/chat': (user_id) => post('/api/chat', { user_id, message: 'I drink tea.' }),
  'POST /api/ingest': (user_id) => post('/api/ingest', { user_id, items: [item] }),
  'GET /api/memories': (user) => ({ path: `/api/memories?user_id=${user}` }),
  'POST /api/memories/search': (user_id) => post('/api/memories/search', { user_id, query: 'tea' }),
  'GET /api/memories/{id}': async (user) => ({ path: await memoryPath(user) }),
  'PATCH /api/memories/{id}': async (user) => ({
    path: await memoryPath(user),
    method: 'PATCH',
    ...jsonBody({ pinned: true }),
  }),
  'DELETE /api/memories/{id}': async (user) => ({ path: await memoryPath(user), method: 'DELETE' }),
  'DELETE /api/conversations/{id}': async (user) => {
    await memoryPath(user)
    return { path: `/api/conversations/kitchen?user_id=${user}`, method: 'DELETE' }
  },
  'GET /api/users/{id}/export': (user) => ({ path: `/api/users/${user}/export` }),
  'POST /api/users/{id}/import': (user) => ({
    path: `/api/users/${user}/import`,
    method: 'POST',
    body: `${JSON.stringify({ ...item, ts: '2026-05-04T12:00:00Z' })}\nno json\n`,
    headers: { 'content-type': 'application/x-ndjson' },
  }),
  'DELETE /api/users/{id}': (user) => ({ path: `/api/users/${user}`, method: 'DELETE' }),
  'GET /api/health': () => ({ path: '/api/health' }),
  'GET /api/openapi.json': () => ({ path: '/api/openapi.json' }),
}

interface Request {
  readonly path: string
  readonly method?: string
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

const item = { text: 'I drink tea.', role: 'user', conversation_id: 'kitchen' }
const jsonBody = (body: unknown) => ({
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
})
const post = (path: string, body: unknown): Request => ({ path, method: 'POST', ...jsonBody(body) })

/** A memory of the user, where there is a store to put it into. */
async function memoryPath(user: string): Promise<string> {
  const { body } = await hosts.open.api.request<{ ids?: string[] }>('POST', '/api/ingest', {
    body: { user_id: user, items: [item] },
  })
  const id = body.ids?.[0] ?? '01a1fc1f-383d-726e-8bf6-f036098e3097'
  return `/api/memories/${id}?user_id=${user}`
}

/** How a well request is made to end in a status. */
const spoiled: Record<number, (key: string) => Promise<[TestHost, Request]>> = {
  200: async (key) => [
    hosts[key.endsWith('health') ? 'keyed' : 'open'],
    await requests[key]!('ada'),
  ],
  204: async (key) => [hosts.open, await requests[key]!('ada')],
  400: async (key) => [
    hosts.open,
    { ...(await requests[key]!('ada')), body: Buffer.from([0x7b, 0x22, 0xc3, 0x28]) },
  ],
  401: async (key) => [hosts.keyed, await requests[key]!('ada')],
  // The key speaks for Ada alone.
  404: async (key) => {
    const request = await requests[key]!('bob')
    return [hosts.keyed, { ...request, headers: { ...request.headers, ...bearer(ada.key) } }]
  },
  409: async (key) => {
    const message_id = 'said-once'
    await hosts.open.api.chat({ user_id: 'ada', message: 'One thing.', message_id })
    expect(key).toBe('POST /api/chat')
    return [hosts.open, post('/api/chat', { user_id: 'ada', message: 'Another.', message_id })]
  },
  413: async (key) => [
    hosts.open,
    { ...(await requests[key]!('ada')), body: ' '.repeat(6 * KIB * KIB + 1) },
  ],
  415: async (key) => [
    hosts.open,
    { ...(await requests[key]!('ada')), headers: { 'content-type': 'text/plain' } },
  ],
  422: async (key) => [hosts.open, { ...(await requests[key]!('ada')), ...(await withFault(key)) }],
  429: async (key) => {
    const isPublic = key.endsWith('openapi.json')
    const request = await requests[key]!(`often-${key.replaceAll(/\W+/g, '-').slice(0, 40)}`)
    const host = isPublic ? hosts.crowded : hosts.limited
    await send(host, request)
    return [host, request]
  },
  500: async (key) => [hosts.open, await requests[key]!('store-broken')],
  502: async () => [hosts.open, post('/api/chat', { message: 'fail as refused' })],
  503: async (key) => [hosts.open, await requests[key]!('storeless')],
  504: async (key) => [hosts.open, await requests[key]!('store-late')],
}

async function withFault(key: string): Promise<Partial<Request>> {
  const { path, body, headers } = await requests[key]!('ada')
  if (body !== undefined && headers?.['content-type'] === 'application/json') {
    return { body: JSON.stringify({ ...(JSON.parse(String(body)) as object), nonsense: 1 }) }
  }
  return { path: `${path.split('?')[0]}?user_id=-` }
}

async function send(host: TestHost, { path, ...init }: Request): Promise<Exchange> {
  const response = await fetch(host.url + path, init)
  const text = await response.text()
  const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '')
  return {
    method: init.method ?? 'GET',
    path,
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text || undefined,
  }
}

const documented = Object.entries(apiDocument.paths).flatMap(([path, operations]) =>
  Object.entries(operations).flatMap(([method, { responses }]) =>
    Object.keys(responses).map((status) => [`${method.toUpperCase()} ${path}`, Number(status)]),
  ),
) as [key: string, status: number][]

/** Two bodies under one Idempotency-Key are the subject of their own tests. */
const elsewhere = new Set(['POST /api/ingest 409', 'POST /api/users/{id}/import 409'])

describe('the document', () => {
  it('is served as it is made', async () => {
    const { body, headers } = await hosts.keyed.api.request<object>('GET', '/api/openapi.json')
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    const info = expect.objectContaining({ title: 'AI Memory Layer' }) as object
    expect(body).toEqual({ ...apiDocument, info })
  })

  it('has every route of the functions under /api, and no other', async () => {
    const names = await readdir('functions')
    const sources = await Promise.all(
      names.map((name) => readFile(`functions/${name}/handler.ts`, 'utf8')),
    )
    const routes = sources.flatMap(
      (source) => source.match(/(?<=')[A-Z]+ \/api\/[^']+(?=': )/g) ?? [],
    )
    expect(routes.length).toBeGreaterThan(10)
    expect([...new Set(documented.map(([key]) => key))].toSorted()).toEqual(routes.toSorted())
  })

  it('holds together: each reference leads somewhere, each operation has a name and its parameters', () => {
    const refs = JSON.stringify(apiDocument).match(/(?<="\$ref":"#\/)[^"]+/g)!
    for (const ref of refs) {
      const at = ref
        .split('/')
        .reduce<unknown>((value, key) => (value as never)?.[key], apiDocument)
      expect([ref, at]).toEqual([ref, expect.any(Object)])
    }
    const operations = Object.entries(apiDocument.paths).flatMap(([path, byMethod]) =>
      Object.values(byMethod).map((operation) => ({ path, ...operation })),
    )
    const names = operations.map(({ operationId }) => operationId)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toContain('postMemoriesSearch')
    for (const { path, parameters } of operations) {
      const inPath = parameters.filter((parameter) => parameter.in === 'path')
      expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? [])
    }
  })
})

describe('an answer is as documented', () => {
  it.each(documented.filter(([key, status]) => !elsewhere.has(`${key} ${status}`)))(
    '%s %i',
    async (key, status) => {
      const [host, request] =
        key === 'GET /api/health' && status === 503
          ? [hosts.open, await requests[key]!('')]
          : await spoiled[status]!(key)
      const exchange = await send(host, request)
      expect({ status: exchange.status, body: exchange.body }).toMatchObject({ status })
      expect(contract.find(exchange.method, exchange.path)).toMatchObject({ key })
      expect(contract.complaintsAbout(exchange)).toEqual([])
    },
  )

  it('and what is not is noticed', async () => {
    const exchange = await send(hosts.open, await requests['GET /api/memories']!('ada'))
    const { results } = exchange.body as { results: object[] }
    expect(contract.complaintsAbout(exchange)).toEqual([])
    const complaints = (changes: Partial<Exchange>) =>
      contract.complaintsAbout({ ...exchange, ...changes }).join()
    const without = new Headers(exchange.headers)
    without.delete('x-request-id')
    const html = new Headers({
      ...Object.fromEntries(exchange.headers),
      'content-type': 'text/html',
    })
    const { [0]: first } = results
    expect(complaints({ status: 418 })).toContain('418 is not documented')
    expect(complaints({ headers: without })).toContain('X-Request-Id is missing')
    expect(complaints({ headers: html })).toContain('text/html')
    expect(complaints({ body: { results } })).toContain('next_cursor')
    expect(complaints({ body: { results: [{ ...first, mood: 1 }], next_cursor: null } })).toContain(
      'mood',
    )
    expect(
      complaints({ body: { results: [{ ...first, role: 'system' }], next_cursor: null } }),
    ).toContain('role')
    expect(complaints({ path: '/api/nowhere' })).toContain('not documented')
    expect(complaints({ method: 'DELETE', status: 405 })).toContain('documented are GET')
    const token = { event: 'token', data: { text: 'x' } }
    expect(contract.complaintsAboutEvents('/api/chat', [token])).toEqual([])
    const wrong = [
      { event: 'token', data: { txt: 'x' } },
      { event: 'end', data: {} },
    ]
    expect(contract.complaintsAboutEvents('/api/chat', wrong).join()).toMatch(/txt.*end is not/)
  })
})
