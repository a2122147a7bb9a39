import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, inject, it } from 'vitest'
import { startHost } from '../support/host.ts'

/** The smoke test as a deploy runs it: from the built product, against a service that is well, or is not. */

async function smoke(...words: string[]) {
  const child = spawn(process.execPath, [join(inject('dist'), 'bin/smoke.mjs'), ...words], {
    env: {},
    stdio: 'pipe',
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
  }
  const [code] = (await once(child, 'close')) as [number]
  const failed = [...said.matchAll(/^FAIL ([\w ]+?) {2}/gm)].map(([, name]) => name)
  return { code, said, failed }
}

describe('the smoke test', () => {
  it('passes a service that is well, and leaves nobody behind', async () => {
    await using host = await startHost()
    const { code, said, failed } = await smoke(host.url)
    expect(failed).toEqual([])
    expect(said).toContain('All is well.')
    expect(said).toMatch(/ok {3}nothing left behind .* \d+ memories of two users erased/)
    expect(code).toBe(0)
    await host.stop()
    using database = new DatabaseSync(join(host.dataDir, 'memory.db'), { readOnly: true })
    const { memories } = database.prepare('SELECT count(*) AS memories FROM memories').get()!
    expect(memories).toBe(0)
  })

  it('fails one whose page is broken, by that name', async () => {
    await using host = await startHost({ env: { BREAK: 'smoke' } })
    const { code, failed } = await smoke(host.url)
    expect(failed).toEqual(['page'])
    expect(code).toBe(1)
  })

  it('fails one that shows its metrics to everybody, where it should be behind a proxy', async () => {
    await using host = await startHost()
    const { said, failed } = await smoke(host.url, '--proxied')
    expect(failed).toEqual(['proxy'])
    expect(said).toContain('/healthz answers 200')
  })

  it('fails another commit than the one that is expected, and says nothing to it', async () => {
    await using host = await startHost()
    const { code, said, failed } = await smoke(host.url, '--commit', 'fffffff', '--wait', '0')
    expect(failed).toEqual(['version'])
    expect(said).toContain('not fffffff')
    expect(code).toBe(1)
    expect(host.logs().filter(({ route }) => route === 'POST /api/chat')).toEqual([])
  })
})
