import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { COOKIE_SECRET, sessionOf } from '../support/cookie.ts'
import { UNLIMITED } from '../support/host.ts'
import {
  type EventOptions,
  functionUrlEvent,
  type LoadedProduct,
  loadProduct,
} from '../support/lambda.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import {
  hasClient,
  type LambdaFunction,
  type Outcome,
  outcomeOf,
  startLambda,
} from './runtime-client.ts'

/** The real functions over one and the same memory file, through the host's runtime and under AWS's own client. */

const NAMES = [
  'assets',
  'chat',
  'export',
  'ingest',
  'memories',
  'openapi',
  'page',
  'reply',
  'users',
] as const
type Name = (typeof NAMES)[number]

describe.skipIf(!hasClient)('a function, as on Lambda', () => {
  let host: LoadedProduct
  let lambdas: Record<Name, LambdaFunction>
  beforeAll(async () => {
    const dist = inject('distWithFixtures')
    const preload = join(dist, 'fixtures/staged-services.mjs')
    host = await loadProduct({ dist, preload, env: { COOKIE_SECRET } })
    const env = { ...UNLIMITED, DATA_DIR: host.dataDir, COOKIE_SECRET }
    const started = NAMES.map(
      async (name) => [name, await startLambda({ dist, name, env, preload })] as const,
    )
    lambdas = Object.fromEntries(await Promise.all(started)) as typeof lambdas
  })
  afterAll(async () => {
    await Promise.all(NAMES.map((name) => lambdas[name][Symbol.asyncDispose]()))
    await host[Symbol.asyncDispose]()
  })

  type Request = [name: Name, method: string, path: string, options?: EventOptions]
  const onLambda = ([name, ...request]: Request) =>
    lambdas[name].invoke(functionUrlEvent(...request))
  const onHost = ([name, ...request]: Request) =>
    outcomeOf(host.call(name, functionUrlEvent(...request)))

  const chat = (body: object): Request => ['chat', 'POST', '/api/chat', { body }]
  const ingest = (body: object): Request => ['ingest', 'POST', '/api/ingest', { body }]
  const form = (path: string, fields: Record<string, string>, more: object = {}): Request => {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'same-origin',
      ...more,
    }
    const options = { headers, cookies: [sessionOf('page-user')] }
    return ['page', 'POST', path, { ...options, text: new URLSearchParams(fields).toString() }]
  }
  const visit = (name: Name, path: string): Request => [
    name,
    'GET',
    path,
    { cookies: [sessionOf('page-user')] },
  ]

  describe('answers alike what it is asked once on either side', () => {
    it.each<[string, (user_id: string) => Request, object]>([
      [
        'ingest',
        (user_id) => ingest({ user_id, items: [{ text: 'I sail a sloop.', role: 'user' }] }),
        { status: 200 },
      ],
      [
        'an ingest with faults',
        (user_id) => ingest({ user_id, items: [{ text: '', role: 'x' }], extra: 1 }),
        { status: 422 },
      ],
      ['a chat', (user_id) => chat({ user_id, message: 'What do I sail?' }), { status: 200 }],
      [
        'a streamed chat',
        (user_id) => chat({ user_id, message: 'say 5 words, 10 ms apart', stream: true }),
        { status: 200 },
      ],
      [
        'a chat with faults',
        (user_id) => chat({ user_id, message: '', top_k: -1 }),
        { status: 422 },
      ],
      [
        'a chat that fails',
        (user_id) => chat({ user_id, message: 'fail as unavailable' }),
        { status: 503 },
      ],
      [
        'a chat that fails as nobody foresaw',
        (user_id) => chat({ user_id, message: 'fail as unforeseen' }),
        { status: 500 },
      ],
      [
        'a stream that fails midway',
        (user_id) => chat({ user_id, message: 'say 2 words, then nonsense', stream: true }),
        { status: 200 },
      ],
      ['another method', () => ['chat', 'GET', '/api/chat'], { status: 405 }],
      ['another address', () => ['memories', 'GET', '/api/nothing'], { status: 404 }],
      [
        'an import',
        (user_id) => [
          'users',
          'POST',
          `/api/users/${user_id}/import`,
          {
            headers: { 'content-type': 'application/x-ndjson' },
            text: '{"text":"I row.","role":"user","ts":"2026-03-01T12:00:00.000Z"}\nnonsense\n',
          },
        ],
        { status: 200 },
      ],
      [
        'an export',
        (user_id) => ['export', 'GET', `/api/users/${user_id}/export`],
        { status: 200, body: expect.stringContaining('I row.') as string },
      ],
      [
        'what an erasure would take',
        (user_id) => ['users', 'DELETE', `/api/users/${user_id}`, { query: 'dry_run=true' }],
        { status: 200 },
      ],
      ['the document of the API', () => ['openapi', 'GET', '/api/openapi.json'], { status: 200 }],
      ['a file for robots', () => ['assets', 'GET', '/robots.txt'], { status: 200 }],
      ['a file that is none', () => ['assets', 'GET', '/assets/none.js'], { status: 404 }],
      ['the page of a stranger', () => ['page', 'GET', '/'], { status: 200 }],
      ['a page that is none', () => ['page', 'GET', '/nowhere'], { status: 404 }],
    ])('%s', async (_, requestOf, expected) => {
      const first = await onLambda(requestOf('lambda-user'))
      const second = await onHost(requestOf('host-user'))
      expect(first).toMatchObject(expected)
      expect(comparable(second)).toEqual(comparable(first))
    })
  })

  describe('tells the same of one turn, whoever made it', () => {
    it.each([
      ['made on Lambda', onLambda, 'made-there'],
      ['made on the host', onHost, 'made-here'],
    ])('%s', async (_, make, message_id) => {
      const turn = { user_id: message_id, message: 'What do I sail?', message_id }
      const items = [{ text: 'I sail a ketch.', role: 'user' }]
      await make(ingest({ user_id: message_id, items }))
      const made = (await make(chat(turn))) as { body: string }
      expect(made.body).toContain('ketch')
      for (const stream of [false, true]) {
        const there = await onLambda(chat({ ...turn, stream }))
        const here = await onHost(chat({ ...turn, stream }))
        expect(there).toMatchObject({
          status: 200,
          body: expect.stringContaining('ketch') as string,
        })
        // Ids and times are of one and the same turn: they are compared as they are.
        expect(withoutLatency(here)).toEqual(withoutLatency(there))
      }
    })

    it('and of the list of memories', async () => {
      const request: Request = ['memories', 'GET', '/api/memories', { query: 'user_id=made-here' }]
      const there = (await onLambda(request)) as { body: string }
      expect(there.body).toContain('ketch')
      expect(withoutRequestId(await onHost(request))).toEqual(withoutRequestId(there as Outcome))
    })
  })

  describe('shows the same page', () => {
    it('of a message that was sent by the form, its answer and the conversation', async () => {
      const said = { text: 'I sail a yawl.', message_id: 'page-message-1' }
      const there = await onLambda(form('/c/boats/messages', said))
      expect(there).toMatchObject({
        status: 303,
        headers: { location: expect.any(String) as string },
      })
      // Sent again it is the same message, and the answer the same.
      expect(withoutRequestId(await onHost(form('/c/boats/messages', said)))).toEqual(
        withoutRequestId(there),
      )
      const live = visit('reply', '/c/boats/m/page-message-1/live')
      await onLambda(live)
      for (const request of [
        live,
        visit('reply', '/c/boats/m/page-message-1/stream'),
        visit('page', '/c/boats'),
        visit('page', '/memories'),
      ]) {
        const shown = (await onLambda(request)) as { status: number; body: string }
        expect(shown.status).toBe(200)
        expect(shown.body).toContain('I sail a yawl.')
        expect(comparable(await onHost(request))).toEqual(comparable(shown as Outcome))
      }
    })

    it('of a form that another site sent', async () => {
      const forged = form('/c/boats/messages', { text: 'x' }, { 'sec-fetch-site': 'cross-site' })
      const there = await onLambda(forged)
      expect(there).toMatchObject({ status: 403 })
      expect(comparable(await onHost(forged))).toEqual(comparable(there))
    })
  })
})

describe.skipIf(!hasClient)('many calls at once, as on Lambda Managed Instances', () => {
  const CALLS = 12

  it('keep their log keys apart', async () => {
    const dist = inject('distWithFixtures')
    await using data = await temporaryFolder()
    await using lambda = await startLambda({
      dist,
      name: 'chat',
      preload: join(dist, 'fixtures/staged-services.mjs'),
      env: {
        DATA_DIR: data.path,
        AWS_LAMBDA_MAX_CONCURRENCY: '16',
        AWS_LAMBDA_NODEJS_WORKER_COUNT: '1',
      },
    })
    const answers = await Promise.all(
      Array.from({ length: CALLS }, (_, n) => {
        const message = 'say 10 words, 20 ms apart'
        const body = { user_id: `user-${n}`, message, stream: true }
        const requestId = `at-once-${n}`
        return lambda.invoke(functionUrlEvent('POST', '/api/chat', { body, requestId }))
      }),
    )
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 200, body: expect.stringContaining('event: done') })
    }
    const lines = () => lambda.output().match(/^\{.*"message":"request".*\}$/gm) ?? []
    await expect.poll(lines).toHaveLength(CALLS)
    const pairs = lines().map((line) => {
      const { request_id, user_id } = JSON.parse(line) as Record<string, string>
      return [request_id, user_id?.replace('user-', 'at-once-')]
    })
    expect(new Set(pairs.map(([requestId]) => requestId))).toHaveLength(CALLS)
    expect(pairs.filter(([requestId, ofUser]) => requestId !== ofUser)).toEqual([])
  })
})

/** The answer without what belongs to the one call: ids, times, latencies, and the name of the user. */
function comparable(outcome: Outcome): Outcome {
  return mapText(outcome, (text) =>
    text
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'ID')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
      .replaceAll(/"(\w+_ms)":[\d.]+/g, '"$1":0')
      // What a process holds beside the store: here all functions are one process.
      .replaceAll(/"cache":\d+/g, '"cache":0')
      .replaceAll(/(?:lambda|host)-user/g, 'USER')
      .replaceAll(/u-[\w-]{22}(\.[\w-]{43})?/g, 'STRANGER')
      .replaceAll(/(?<="|\/c\/)[\w-]{22}(?=["/])/g, 'ID'),
  )
}

const withoutLatency = (outcome: Outcome) =>
  withoutRequestId(
    mapText(outcome, (text) => text.replaceAll(/"latency_ms":\d+/g, '"latency_ms":0')),
  )

function withoutRequestId(outcome: Outcome): Outcome {
  if (typeof outcome === 'string') return outcome
  const { 'x-request-id': id = 'none', ...headers } = outcome.headers
  return { ...outcome, headers, body: outcome.body.replaceAll(id, 'REQUEST') }
}

function mapText(outcome: Outcome, map: (text: string) => string): Outcome {
  if (typeof outcome === 'string') return outcome
  const headers = Object.entries(outcome.headers).map(
    ([name, value]) => [name, map(value)] as const,
  )
  return {
    status: outcome.status,
    headers: Object.fromEntries(headers),
    cookies: outcome.cookies.map(map),
    body: map(outcome.body),
  }
}
