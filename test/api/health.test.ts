import { describe, expect, it } from 'vitest'
import { startHost } from '../support/host.ts'

describe('/api/health', () => {
  it('says that all is well, what is in use and what whoever runs it should know', async () => {
    await using host = await startHost()
    const { status, headers, body } = await host.api.request<{ notes: string[] }>(
      'GET',
      '/api/health',
    )
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        status: 'ok',
        pinecone: 'off',
        hf: 'off',
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
        checks: {
          store: { driver: 'sqlite', status: 'ok' },
          embedder: { name: 'static-minilm-128@1', status: 'ok' },
          generator: {
            name: 'built-in',
            status: 'ok',
            detail: expect.stringContaining('HF_ENDPOINT_URL') as string,
          },
        },
        notes: expect.any(Array) as string[],
      },
    })
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body.notes.join(' ')).toMatch(/no api key.*speaks for that user/i)
    expect(body.notes.join(' ')).toMatch(/quotes.*built-in generator.*HF_TOKEN/i)
    // Said aloud at start as well.
    const ready = host.logs().find(({ message }) => message === 'ready')
    expect(ready?.['notes']).toEqual(body.notes)
  })

  it('is 503 when no chat can be answered', async () => {
    await using host = await startHost({ staged: true, env: { STAGED_HEALTH: 'error' } })
    expect(await host.api.request('GET', '/api/health')).toMatchObject({
      status: 503,
      body: { status: 'error', checks: { generator: { status: 'error' } } },
    })
  })

  it('needs no owner and ignores one', async () => {
    await using host = await startHost()
    const headers = { 'x-user-id': 'not a user id' }
    expect(await host.api.request('GET', '/api/health?user_id=x', { headers })).toMatchObject({
      status: 200,
    })
  })
})
