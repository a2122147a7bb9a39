import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { readConfig, variables } from '../../lib/config.ts'
import { startHost, startRefused } from '../support/host.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

describe('a wrong setting', () => {
  it('stops the start with exit code 1: all faults at once, each with its remedy', async () => {
    const { code, stdout, stderr } = await startRefused({
      PORT: 'eighty',
      LOG_LEVEL: 'loud',
      TOP_K: '51',
      SCORE_THRESHOLD: '2',
      STORE_REPLIES: 'maybe',
      STORE: 'postgres',
      CORS_ORIGINS: 'http://localhost:7860, localhost:3000/app',
      COOKIE_SECRET: 'short',
      DRAIN_TIMEOUT_MS: '-1',
      PINECONE_API_KEY: 'pc-secret-key',
      HF_TOKEN: 'hf-secret-token',
      EMBEDDER: 'minilm',
    })
    expect(code).toBe(1)
    expect(stdout, 'nothing listened').not.toContain('ready')
    const faults = stderr.split('\n').filter((line) => line.startsWith('- '))
    expect(faults).toEqual([
      '- PORT: Give a whole number from 0 to 65535.',
      '- LOG_LEVEL: Say debug, info, warn or error.',
      '- CORS_ORIGINS: “localhost:3000/app” is not an origin. Give scheme, host and port without a path, such as http://localhost:7860.',
      '- COOKIE_SECRET: Give at least 32 characters, such as from: openssl rand -base64 32',
      '- TOP_K: Give at most 50.',
      '- SCORE_THRESHOLD: Give at most 1.',
      '- STORE_REPLIES: Say true or false.',
      '- STORE: Say auto, sqlite or pinecone.',
      '- DRAIN_TIMEOUT_MS: Give at least 0.',
      '- HF_TOKEN: A token of Hugging Face begins with hf_.',
      '- EMBEDDER=minilm needs MODEL_DIR: see docs/embedders.md.',
    ])
    expect(stderr, 'a secret is never repeated').not.toMatch(/secret-(key|token)|“short”/)
  })

  it.each([
    [{ STORE: 'pinecone' }, 'STORE=pinecone needs PINECONE_API_KEY'],
    [{ PINECONE_INDEX: 'My_Index' }, 'PINECONE_INDEX: Give at most 45 lower case letters'],
    [{ PINECONE_ISOLATION: 'none' }, 'PINECONE_ISOLATION: Say namespace or metadata.'],
    [{ EMBEDDER: 'minilm' }, 'EMBEDDER=minilm needs MODEL_DIR'],
    [{ EMBEDDER: 'huggingface' }, 'EMBEDDER=huggingface needs HF_TOKEN'],
    [{ EMBEDDER: 'endpoint' }, 'EMBEDDER=endpoint needs HF_EMBEDDING_ENDPOINT_URL'],
    [{ GENERATOR: 'huggingface' }, 'GENERATOR=huggingface needs HF_TOKEN'],
    [{ GENERATOR: 'endpoint' }, 'GENERATOR=endpoint needs HF_ENDPOINT_URL'],
    [{ HF_TOKEN: 'a-token' }, 'HF_TOKEN: A token of Hugging Face begins with hf_.'],
    [{ HF_ENDPOINT_URL: 'localhost:8080' }, 'HF_ENDPOINT_URL: Give an address'],
    [
      { HF_TOKEN: 'hf_1', HF_EMBEDDING_MODEL: 'somebody/unheard-of' },
      'HF_EMBEDDING_DIMENSION: the length of the vectors of somebody/unheard-of is not known here.',
    ],
  ])('that lacks what it needs is refused by name: %j', async (env, fault) => {
    const { code, stderr } = await startRefused(env)
    expect(code).toBe(1)
    expect(stderr).toContain(`- ${fault}`)
  })

  it.each([
    { STORE: 'sqlite', PINECONE_API_KEY: 'x' },
    { GENERATOR: 'builtin', EMBEDDER: 'builtin', HF_TOKEN: 'hf_x' },
  ])('is none when its remedy was followed: %j', async (env) => {
    await using host = await startHost({ env })
    expect((await host.api.request('GET', '/api/health')).status).toBe(200)
  })
})

describe('a place that cannot be used', () => {
  it('is told when the port is taken, with exit code 1', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    const { code, stderr } = await startRefused({ PORT: String(port) })
    other.close()
    expect(code).toBe(1)
    expect(stderr).toContain(`Port ${port} on 127.0.0.1 cannot be used (EADDRINUSE)`)
  })

  it('is told when the data folder is none, with exit code 1', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'a-file')
    await writeFile(file, 'not a folder')
    const { code, stdout, stderr } = await startRefused({ DATA_DIR: join(file, 'data') })
    expect(code).toBe(1)
    expect(stdout).not.toContain('"ready"')
    expect(stderr).toContain(file)
  })

  it('is told when the memory file is of another program, which is left as it is', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'memory.db')
    await mkdir(folder.path, { recursive: true })
    await writeFile(file, 'somebody else’s')
    const { code, stderr } = await startRefused({ DATA_DIR: folder.path })
    expect(code).toBe(1)
    expect(stderr).toContain(file)
    expect(await readFile(file, 'utf8')).toBe('somebody else’s')
  })
})

describe('.env', () => {
  it('is read where it stands beside the start; what the environment has wins', async () => {
    await using host = await startHost({
      dotEnv: 'TOP_K=1\nSCORE_THRESHOLD=0\nSTORE_REPLIES=true\n',
      env: { STORE_REPLIES: 'false' },
    })
    const items = [1, 2, 3].map((n) => ({ text: `Whale number ${n}.`, role: 'user' }))
    await host.api.ingest({ user_id: 'ada', items })
    const { body } = await host.api.chat({ user_id: 'ada', message: 'Which whale?' })
    expect(body.context).toHaveLength(1)
    expect(body.memory.reply).toBe('off')
  })
})

describe('.env.example', async () => {
  const text = await readFile('.env.example', 'utf8')
  const given = parseEnv(text)
  const lines = text.split('\n')

  it('names every setting, in the order in which they are read, and no other', () => {
    const names = lines.flatMap((line) => /^([A-Z_]+)=/.exec(line)?.[1] ?? [])
    expect(names).toEqual(Object.keys(variables))
  })

  it('gives each its default, and one line that says what it is', () => {
    for (const [name, schema] of Object.entries(variables)) {
      const value = schema.parse(undefined) as { toString(): string } | undefined
      expect({ name, value: given[name] }).toEqual({ name, value: value?.toString() ?? '' })
      const at = lines.findIndex((line) => line.startsWith(`${name}=`))
      expect(`${name} ${lines[at - 1]}`).toMatch(/^[A-Z_]+ # .{20,}\.$/)
    }
  })

  it('means the same as no settings at all', () => {
    expect(readConfig(given)).toEqual(readConfig({}))
  })
})
