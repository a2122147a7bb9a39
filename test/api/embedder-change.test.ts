import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { assertContract } from '../emulators/contract.ts'
import { type HuggingFaceEmulator, startHuggingFaceEmulator } from '../emulators/hugging-face.ts'
import { huggingFaceSettings } from '../emulators/settings.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const BUILT_IN = 'static-minilm-128@1'
const MINILM = 'sentence-transformers/all-MiniLM-L6-v2@1'

let emulator: HuggingFaceEmulator
let folder: TemporaryFolder

beforeEach(async () => {
  emulator = await startHuggingFaceEmulator()
  folder = await temporaryFolder()
})
afterEach(async () => {
  await emulator.close()
  await folder[Symbol.asyncDispose]()
  assertContract(emulator)
})

const paid = () => ({
  EMBEDDER: 'huggingface',
  GENERATOR: 'builtin',
  ...huggingFaceSettings(emulator),
})

/** Starts on the one data folder, as a restart with other settings does. */
const start = (env: Record<string, string> = {}): Promise<TestHost> =>
  startHost({ env, dataDir: folder.path })

const facts = Array.from({ length: 150 }, (_, n) => `Parcel ${n} went to the harbour on day ${n}.`)
const remember = (host: TestHost, texts: readonly string[]) =>
  host.api.ingest({
    user_id: 'ada',
    items: texts.map((text) => ({ text, role: 'user', ts: '2026-01-05T10:00:00Z' })),
  })

async function embedderOf(host: TestHost) {
  const { body } = await host.api.request<{
    status: string
    checks: { embedder: { name: string; status: string; detail?: string } }
  }>('GET', '/api/health')
  return { whole: body.status, ...body.checks.embedder }
}

const tool = (env: Record<string, string>, signal?: AbortSignal) =>
  promisify(execFile)(process.execPath, [join(inject('dist'), 'bin/reembed.mjs')], {
    env: { ...env, DATA_DIR: folder.path },
    cwd: folder.path,
    signal,
  })

const search = async (host: TestHost, query: string) => {
  const { body } = await host.api.search({ user_id: 'ada', query, score_threshold: 0 })
  return body.results
}

describe('after a change of the embedder', () => {
  it('that costs nothing, memories are embedded anew in the background', async () => {
    {
      await using before = await start(paid())
      await remember(before, facts)
      expect(await embedderOf(before)).toMatchObject({ name: MINILM, status: 'ok' })
    }
    await using host = await start({ EMBEDDER: 'builtin' })
    await expect.poll(() => embedderOf(host)).toEqual({ whole: 'ok', name: BUILT_IN, status: 'ok' })
    const [found] = await search(host, 'Which parcel went out on day 149?')
    expect(found?.text).toBe(facts[149])
    expect(found?.why['dense']).toBeGreaterThan(0)
  })

  it('that costs money, words recall until npm run reembed, which can be interrupted', async () => {
    let id: string
    {
      await using before = await start()
      const { body } = await remember(before, facts)
      id = body.ids[7]!
    }
    await using host = await start(paid())
    await expect
      .poll(() => embedderOf(host), { timeout: 5000 })
      .toMatchObject({
        whole: 'degraded',
        name: MINILM,
        detail: expect.stringMatching(/^150 memories .* npm run reembed/) as string,
      })
    const [found] = await search(host, 'Parcel 149')
    expect(found?.text).toBe(facts[149])
    expect(found?.why['dense'], 'vectors of two embedders never meet').toBe(0)
    const embedded = () =>
      emulator
        .requests(/feature-extraction/)
        .flatMap(({ json }) => (json as { inputs: string[] }).inputs)
        .filter((text) => text.startsWith('Parcel ') && text.endsWith('.'))
    expect(embedded(), 'nothing is paid for unasked').toEqual([])

    // Ended in the middle; deletions and new memories in between.
    emulator.settings.latencyMs = 100
    const interrupted = new AbortController()
    const first = tool(paid(), interrupted.signal)
    await expect.poll(() => embedded().length).toBeGreaterThan(64)
    interrupted.abort()
    await expect(first).rejects.toThrow('abort')
    await host.api.forget('ada', id)
    const done = embedded().length
    expect(done).toBeLessThan(150)
    emulator.settings.latencyMs = 0
    const { stdout } = await tool(paid())
    expect(stdout).toMatch(/^\d+ memories lack vectors[^]* embedded\.\n$/)
    expect(embedded().length - done, 'it went on where it was').toBeLessThan(150)

    expect(await embedderOf(host)).toMatchObject({ whole: 'ok', status: 'ok' })
    const [hybrid] = await search(host, 'Parcel 149')
    expect(hybrid?.text).toBe(facts[149])
    expect(hybrid?.why['dense']).toBeGreaterThan(0)
  })

  it('auto keeps the embedder that made the vectors, where it can', async () => {
    {
      await using before = await start()
      await remember(before, facts.slice(0, 3))
    }
    const { EMBEDDER: _, ...token } = paid()
    await using host = await start(token)
    expect(await embedderOf(host)).toMatchObject({ whole: 'ok', name: BUILT_IN })
  })
})
