import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const script = new URL('../../scripts/dev-emulated.ts', import.meta.url).pathname

// Each test starts two programs, which takes a while on a busy machine.
describe('npm run dev:emulated', { timeout: 30_000 }, () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dev-emulated-test-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  /** Runs the script with a host of the test's own. */
  async function runWith(host: string) {
    const file = join(folder, 'host.mjs')
    await writeFile(file, host)
    const { promise, resolve } = Promise.withResolvers<{
      code: unknown
      stdout: string
      stderr: string
    }>()
    execFile(process.execPath, [script, '--host', file], (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr })
    })
    return promise
  }

  it('gives the host two upstreams, shows its calls, and passes its exit code on', async () => {
    const { code, stdout, stderr } = await runWith(`
      const { env } = process
      const pinecone = await fetch(env.PINECONE_CONTROLLER_HOST + '/indexes', {
        headers: { 'api-key': env.PINECONE_API_KEY, 'x-pinecone-api-version': '2026-07' },
      })
      const router = await fetch(env.HF_ROUTER_URL + '/v1/models', {
        headers: { authorization: 'Bearer ' + env.HF_TOKEN },
      })
      const hub = await fetch(env.HF_HUB_URL +
        '/api/models/sentence-transformers/all-MiniLM-L6-v2?expand[]=inferenceProviderMapping')
      console.log(JSON.stringify([pinecone.status, router.status, hub.status, env.DATA_DIR]))
      process.exitCode = 3
    `)
    const [pinecone, router, hub, dataDir] = JSON.parse(stdout) as [number, number, number, string]
    expect([pinecone, router, hub, code]).toEqual([200, 200, 200, 3])
    expect(stderr).toMatch(/GET \/indexes 200 \d+ ms\n +GET \/v1\/models 200/)
    expect(existsSync(dataDir)).toBe(false)
  })

  it('fails when the host broke a contract', async () => {
    const { code, stderr } = await runWith(
      `await fetch(process.env.PINECONE_CONTROLLER_HOST + '/nowhere')`,
    )
    expect(code).toBe(1)
    expect(stderr).toContain('request of GET /nowhere (401): no such operation')
  })

  it('says what to do when nothing is built', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    execFile(process.execPath, [script, '--host', join(folder, 'none.mjs')], (_, __, stderr) =>
      resolve(stderr),
    )
    expect(await promise).toContain('npm run build')
  })
})
