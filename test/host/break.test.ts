import { describe, expect, it } from 'vitest'
import { startHost } from '../support/host.ts'

/** A release that is bad on purpose, so that a deploy can be seen to refuse it. */

describe('BREAK', () => {
  const statusOf = async (url: string) => (await fetch(url)).status

  it('is off by default', async () => {
    await using host = await startHost()
    expect(await statusOf(`${host.url}/healthz`)).toBe(200)
    expect(await statusOf(`${host.url}/`)).toBe(200)
    expect(host.output()).not.toContain('on purpose')
  })

  it.each([
    ['health', { healthz: 500, page: 200 }],
    ['smoke', { healthz: 200, page: 500 }],
  ])('%s fails that one address, and says so in the log', async (fault, expected) => {
    await using host = await startHost({ env: { BREAK: fault } })
    expect(await statusOf(`${host.url}/healthz`)).toBe(expected.healthz)
    expect(await statusOf(`${host.url}/`)).toBe(expected.page)
    expect(await statusOf(`${host.url}/version`)).toBe(200)
    expect(host.logs()).toContainEqual(expect.objectContaining({ level: 'WARN', fault }))
  })

  it('crash ends the process before it listens', async () => {
    await expect(startHost({ env: { BREAK: 'crash' } })).rejects.toThrow(/ended with 1:.*crash/s)
  })
})
