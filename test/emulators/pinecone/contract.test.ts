import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pineconeClient } from '../clients.ts'
import { assertContract } from '../contract.ts'
import { startPineconeEmulator, type PineconeEmulator } from '../pinecone.ts'
import { json, jsonText, text, type Reply } from '../reply.ts'

const problemsOf = (emulator: PineconeEmulator, side?: 'request') =>
  emulator
    .takeViolations()
    .filter((violation) => side === undefined || violation.side === side)
    .map(({ problem }) => problem)

describe('contract of Pinecone', () => {
  let emulator: PineconeEmulator
  let host: string

  beforeEach(async () => {
    emulator = await startPineconeEmulator()
    host = (await emulator.createIndex({ name: 'memories', dimension: 2 })).host
  })
  afterEach(() => emulator.close())

  const planted: [what: string, path: string, answer: Reply, problem: string][] = [
    [
      'a score in words',
      '/query',
      json(200, { matches: [{ id: 'a', score: 'high', values: [] }] }),
      'body/matches/0/score must be number',
    ],
    [
      'a match without id',
      '/query',
      json(200, { matches: [{ score: 1, values: [] }] }),
      "must have required property 'id'",
    ],
    [
      'a member that nobody documented',
      '/query',
      json(200, { matches: [], took: 3 }),
      "additional properties 'took'",
    ],
    ['another content type', '/query', text(200, '{}'), 'content type text/plain at 200'],
    ['a status that is not documented', '/query', json(201, {}), 'status 201 is not documented'],
    ['half of its JSON', '/query', jsonText(200, '{"matches":['), 'body must be object'],
    [
      'an error in another shape',
      '/query',
      json(400, { error: { message: 'no' } }),
      "additional properties 'error'",
    ],
    [
      'a count as text',
      '/describe_index_stats',
      json(200, { totalVectorCount: '3' }),
      'body/totalVectorCount must be integer',
    ],
    [
      'a count as a number, where the document has text',
      '/namespaces',
      json(200, { namespaces: [{ name: 'a', record_count: 3 }] }),
      'body/namespaces/0/record_count must be string',
    ],
    [
      'an index without host',
      '/indexes/memories',
      json(200, { name: 'memories', status: { ready: true, state: 'Ready' } }),
      "must have required property 'host'",
    ],
    [
      'a state that does not exist',
      '/indexes/memories',
      json(200, { name: 'memories', host: '', status: { ready: true, state: 'Fine' } }),
      'body/status/state must be equal to one of the allowed values',
    ],
  ]

  it.each(planted)('catches an answer with %s', async (_, path, answer, problem) => {
    emulator.fail(path, { kind: 'answer', answer }, { checked: true })
    const headers = { 'api-key': emulator.apiKey, 'x-pinecone-api-version': '2026-07' }
    const isPost = path === '/query' || path === '/describe_index_stats'
    const asked = path === '/query' ? { vector: [1, 0], topK: 1 } : {}
    const origin = path.startsWith('/indexes') ? emulator.url : host
    await fetch(origin + path, {
      method: isPost ? 'POST' : 'GET',
      headers: isPost ? { ...headers, 'content-type': 'application/json' } : headers,
      ...(isPost && { body: JSON.stringify(asked) }),
    })
    expect(problemsOf(emulator)).toEqual([expect.stringContaining(problem)])
  })

  it('lets the same answer pass as a scripted fault', async () => {
    emulator.fail('/query', { kind: 'answer', answer: json(200, { matches: [{ score: 1 }] }) })
    const index = pineconeClient(emulator).index({ host, namespace: 'u_ada' })
    await index.query({ vector: [1, 0], topK: 1 })
    expect(problemsOf(emulator)).toEqual([])
  })

  it('knows that the gateway in front speaks plain text', async () => {
    const index = pineconeClient(emulator).index({ host, namespace: 'u_ada' })
    for (const status of [403, 429, 503]) {
      const answer = text(status, 'No.')
      emulator.fail('/query', { kind: 'answer', answer }, { checked: true })
      await index.query({ vector: [1, 0], topK: 1 }).catch(() => undefined)
    }
    expect(problemsOf(emulator)).toEqual(['content type text/plain at 503'])
  })

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(host + path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: {
        'api-key': emulator.apiKey,
        'x-pinecone-api-version': '2026-07',
        'content-type': 'application/json',
        ...headers,
      },
    })

  it.each<[what: string, send: () => Promise<Response>, problem: string]>([
    ['a topK of none', () => post('/query', { vector: [1] }), "required property 'topK'"],
    [
      'a member in snake case',
      () => post('/query', { vector: [1, 0], topK: 1, include_metadata: true }),
      "'include_metadata'",
    ],
    [
      'a misspelt member of a record',
      () => post('/vectors/upsert', { vectors: [{ id: 'a', values: [1, 0], meta: {} }] }),
      "'meta'",
    ],
    [
      'id beside vector',
      () => post('/query', { id: 'a', vector: [1, 0], topK: 1 }),
      'NOT be valid',
    ],
    ['nothing to delete', () => post('/vectors/delete', { namespace: 'a' }), "property 'ids'"],
    ['another route', () => post('/vectors/search', {}), 'no such operation'],
    [
      'another API version',
      () => post('/query', { vector: [1, 0], topK: 1 }, { 'x-pinecone-api-version': '2025-10' }),
      "X-Pinecone-Api-Version is '2025-10'",
    ],
    ['no key', () => post('/query', { vector: [1, 0], topK: 1 }, { 'api-key': '' }), 'api-key'],
    [
      'text for a body',
      () => post('/query', { vector: [1, 0], topK: 1 }, { 'content-type': 'text/plain' }),
      'content type text/plain',
    ],
    [
      'a page of a thousand',
      () =>
        fetch(`${host}/vectors/list?limit=1000`, {
          headers: { 'api-key': emulator.apiKey, 'x-pinecone-api-version': '2026-07' },
        }),
      'query limit must be <= 100',
    ],
    [
      'a query parameter that does not exist',
      () =>
        fetch(`${host}/vectors/list?page=2`, {
          headers: { 'api-key': emulator.apiKey, 'x-pinecone-api-version': '2026-07' },
        }),
      'query page is not documented',
    ],
  ])('catches a request with %s', async (_, send, problem) => {
    await send()
    expect(problemsOf(emulator, 'request')).toEqual([expect.stringContaining(problem)])
  })

  it('fails the test that holds the emulator, unless the breach was meant', async () => {
    const breach = async (isMeant: boolean) => {
      await using held = await startPineconeEmulator()
      await fetch(`${held.url}/nowhere`)
      if (isMeant) held.takeViolations()
    }
    await expect(breach(true)).resolves.toBeUndefined()
    await expect(breach(false)).rejects.toThrow('request of GET /nowhere (401): no such operation')
  })

  it('names each breach, and costs nothing when it is switched off', async () => {
    await fetch(`${emulator.url}/nowhere`)
    expect(() => assertContract(emulator)).toThrow('1 breaches of the vendor')
    emulator.takeViolations()
    expect(() => assertContract(emulator)).not.toThrow()
    await using unchecked = await startPineconeEmulator({ validate: false })
    await fetch(`${unchecked.url}/nowhere`)
    expect(unchecked.violations).toEqual([])
  })
})
