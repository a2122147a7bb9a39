import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startHost, type TestHost } from '../support/host.ts'
import { parsePrometheus, type Scrape } from '../support/prometheus.ts'

/** /metrics after known traffic: the functions' own metrics, folded by the host. */

let host: TestHost
let scrape: Scrape
beforeAll(async () => {
  host = await startHost({ staged: true })
  const { api } = host
  const item = { text: 'I row on the lake.', role: 'user' }
  await api.ingest({ user_id: 'ada', items: [item, item, item] })
  await api.chat({ user_id: 'ada', message: 'say 3 words' })
  await api.chatEvents({ user_id: 'ada', message: 'say 4 words' })
  await api.search({ user_id: 'ada', query: 'Where do I row?' })
  await api.list('ada')
  await api.chat({ user_id: 'ada', message: '' })
  await api.chat({ user_id: 'bo', message: 'fail as unavailable' })
  await api.chatEvents({ user_id: 'bo', message: 'fail as nonsense' })
  await api.chat({ user_id: 'bo', message: 'unembeddable' })
  // A streamed call counts once its last byte has left.
  await vi.waitUntil(async () => (await read()).value(REQUESTS, chat('2xx')) === 4)
  scrape = await read()
})
afterAll(() => host[Symbol.asyncDispose]())

const REQUESTS = 'ai_memory_layer_requests_total'
const labels = (service: string) => (status: string) => ({ service, status })
const [chat, ingest, memories] = ['chat', 'ingest', 'memories'].map(labels) as [
  ReturnType<typeof labels>,
  ReturnType<typeof labels>,
  ReturnType<typeof labels>,
]

async function read(): Promise<Scrape> {
  const { headers, body } = await host.api.request<string>('GET', '/metrics')
  expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  return parsePrometheus(body)
}

describe('the counters', () => {
  it.each([
    ['requests', chat('2xx'), 4],
    ['requests', chat('4xx'), 1],
    ['requests', chat('5xx'), 1],
    ['requests', ingest('2xx'), 1],
    ['requests', memories('2xx'), 2],
    ['memories_stored', ingest('2xx'), 3],
    // Two turns with an answer, one whose answer failed midway in the stream, one by words alone.
    ['memories_stored', chat('2xx'), 8],
    ['completion_tokens', chat('2xx'), 3 + 4 + 6],
    ['upstream_failures', chat('2xx'), 2],
    ['upstream_failures', chat('5xx'), 1],
  ])('count %s of %j', (name, of, count) => {
    expect(scrape.types.get(`ai_memory_layer_${name}_total`)).toBe('counter')
    expect(scrape.value(`ai_memory_layer_${name}_total`, of)).toBe(count)
  })

  it('count what was recalled and the tokens of the prompts', () => {
    expect(scrape.value('ai_memory_layer_memories_recalled_total', memories('2xx'))).toBe(3)
    expect(scrape.value('ai_memory_layer_memories_recalled_total', chat('2xx'))).toBeDefined()
    expect(scrape.value('ai_memory_layer_prompt_tokens_total', chat('2xx'))).toBeGreaterThan(14)
  })
})

describe('the histograms', () => {
  it.each([
    ['latency', chat('2xx'), 4],
    ['latency', memories('2xx'), 2],
    ['recall', chat('2xx'), 4],
    ['recall', memories('2xx'), 1],
    ['embed', chat('2xx'), 4],
    ['embed', memories('2xx'), 1],
    ['embed', ingest('2xx'), 1],
  ])('hold %s of %j', (name, of, count) => {
    const family = `ai_memory_layer_${name}_seconds`
    expect(scrape.types.get(family)).toBe('histogram')
    expect(scrape.value(`${family}_count`, of)).toBe(count)
    const sum = scrape.value(`${family}_sum`, of)!
    expect(sum).toBeGreaterThanOrEqual(0)
    const buckets = scrape.samples.filter(
      ({ name: bucket, labels: { service, status } }) =>
        bucket === `${family}_bucket` && service === of.service && status === of.status,
    )
    const bounds = buckets.map(({ labels: { le } }) => (le === '+Inf' ? Infinity : Number(le)))
    expect(bounds).toEqual(bounds.toSorted((a, b) => a - b))
    expect(bounds.at(-1)).toBe(Infinity)
    const counts = buckets.map(({ value }) => value)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(counts.at(-1)).toBe(count)
  })

  it('hold what a slow answer took', async () => {
    const before = scrape.value('ai_memory_layer_latency_seconds_sum', chat('2xx'))!
    await host.api.chat({ user_id: 'slow', message: 'say 10 words, 30 ms apart' })
    const sum = async () =>
      (await read()).value('ai_memory_layer_latency_seconds_sum', chat('2xx'))! - before
    await expect.poll(sum).toBeGreaterThan(0.3)
  })
})

it('the process tells of itself', () => {
  for (const name of ['process_resident_memory_bytes', 'process_cpu_seconds_total']) {
    expect(scrape.value(name, {})).toBeGreaterThan(0)
  }
})
