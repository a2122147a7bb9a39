import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChatAnswer, IngestAnswer, ProblemBody } from '../support/api.ts'
import { COOKIE_SECRET, sessionOf } from '../support/cookie.ts'
import { readEvents, textOf } from '../support/events.ts'
import { functionUrlEvent, type LoadedProduct, loadProduct } from '../support/lambda.ts'

/** The bundles called as a Lambda function URL calls them: no host, no route, no path parameters. */

let product: LoadedProduct
beforeAll(async () => {
  product = await loadProduct({ env: { COOKIE_SECRET } })
})
afterAll(() => product[Symbol.asyncDispose]())

const chat = (body: object, more: object = {}) =>
  product.call('chat', functionUrlEvent('POST', '/api/chat', { body, ...more }))
const json = async <T>(response: Response) => (await response.json()) as T

describe('a function URL', () => {
  it('leads to every route of a function by its path', async () => {
    const items = [{ text: 'I bake on Sundays.', role: 'user' }]
    const ingest = functionUrlEvent('POST', '/api/ingest', { body: { user_id: 'ada', items } })
    const { ids } = await json<IngestAnswer>(await product.call('ingest', ingest))
    const path = `/api/memories/${ids[0]}`
    const query = 'user_id=ada'
    const read = await product.call('memories', functionUrlEvent('GET', path, { query }))
    expect(await json(read)).toMatchObject({ id: ids[0], text: 'I bake on Sundays.' })
    const gone = await product.call('memories', functionUrlEvent('DELETE', path, { query }))
    expect([gone.status, await gone.text()]).toEqual([204, ''])
    const again = await product.call('memories', functionUrlEvent('GET', path, { query }))
    expect(again.status).toBe(404)
  })

  it('tells what is unknown and what goes by another method, as the host does', async () => {
    const nowhere = await product.call('memories', functionUrlEvent('GET', '/api/chat'))
    expect(nowhere.status).toBe(404)
    const put = await product.call('memories', functionUrlEvent('PUT', '/api/memories'))
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET'])
    const get = await product.call('chat', functionUrlEvent('GET', '/api/chat'))
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
    expect(get.headers.get('content-type')).toBe('application/problem+json')
  })

  it('brings cookies apart from the headers', async () => {
    await chat({ user_id: 'ada', message: 'My boat is called Albatross.' })
    const cookies = ['theme=dark', sessionOf('ada')]
    const answer = await chat({ message: 'What is my boat called?' }, { cookies })
    expect((await json<ChatAnswer>(answer)).response).toContain('Albatross')
  })

  it('may bring the body as base64', async () => {
    const event = functionUrlEvent('POST', '/api/chat', { body: {} })
    const text = JSON.stringify({ user_id: 'bo', message: 'Ich heiße Jörg 😀.' })
    const body = Buffer.from(text).toString('base64')
    const answer = await product.call('chat', { ...event, body, isBase64Encoded: true })
    expect((await json<ChatAnswer>(answer)).response).toBe('Noted: “Ich heiße Jörg 😀.”')
    const large = Buffer.from(' '.repeat(64 * 1024 + 1)).toString('base64')
    const refused = await product.call('chat', { ...event, body: large, isBase64Encoded: true })
    expect(refused.status).toBe(413)
  })

  it('may bring no body at all', async () => {
    const headers = { 'content-type': 'application/json' }
    const event = functionUrlEvent('POST', '/api/chat', { headers })
    expect((await product.call('chat', event)).status).toBe(400)
  })

  it('has its request id in every answer', async () => {
    const requestId = 'Root-1-5759e988-bd862e3fe1be'
    const fine = await chat({ message: 'Hello!' }, { requestId })
    expect(fine.headers.get('x-request-id')).toBe(requestId)
    const refused = await chat({ message: '' }, { requestId })
    expect(refused.headers.get('x-request-id')).toBe(requestId)
    expect((await json<ProblemBody>(refused)).request_id).toBe(requestId)
  })

  it('streams, and answers whole, from one handler', async () => {
    const turn = { user_id: 'cy', message: 'I have two goats.', message_id: 'goats-goats' }
    const events = await readEvents(await chat({ ...turn, stream: true }))
    expect(events[0]?.event).toBe('context')
    expect(textOf(events)).toBe('Noted: “I have two goats.”')
    const whole = await json<ChatAnswer>(await chat(turn))
    expect(whole.response).toBe('Noted: “I have two goats.”')
  })
})

it('health looks from outside where its process has opened no memory', async () => {
  const registry = (globalThis as Record<symbol, unknown>)[Symbol.for('ai-memory-layer.process')]
  const services = (registry as Map<string, unknown>).get('services')
  const health = async () => {
    const response = await product.call('health', functionUrlEvent('GET', '/api/health'))
    return [response.status, await json(response)]
  }
  const checks = { store: { driver: 'sqlite', status: 'ok' } }
  expect(await health()).toMatchObject([200, { status: 'ok', checks }])
  ;(registry as Map<string, unknown>).delete('services')
  try {
    expect(await health()).toMatchObject([
      200,
      { status: 'ok', checks, pinecone: 'off', hf: 'off' },
    ])
  } finally {
    ;(registry as Map<string, unknown>).set('services', services)
  }
})
