import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Problem } from './errors.ts'
import { createRateLimit } from './rate-limit.ts'

describe('a rate limit', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 0 }))
  afterEach(() => void vi.useRealTimers())

  it('has a full bucket for each key, says what is left, and refuses when it is empty', async () => {
    const limit = createRateLimit('user', 3)!
    for (const left of [2, 1, 0]) {
      expect(await limit.take('ada')).toEqual({
        'ratelimit-policy': '"user";q=3;w=60',
        ratelimit: `"user";r=${left};t=60`,
      })
    }
    vi.advanceTimersByTime(20_100)
    const refused = (await limit.take('ada').catch((error: unknown) => error)) as Problem
    expect(refused).toMatchObject({
      status: 429,
      headers: {
        'retry-after': '40',
        ratelimit: '"user";r=0;t=40',
        'ratelimit-policy': '"user";q=3;w=60',
      },
    })
    expect(await limit.take('alan')).toMatchObject({ ratelimit: '"user";r=2;t=60' })
  })

  it('fills the bucket again after as long as it said', async () => {
    const limit = createRateLimit('address', 1)!
    await limit.take('192.0.2.1')
    vi.advanceTimersByTime(59_999)
    await expect(limit.take('192.0.2.1')).rejects.toMatchObject({ headers: { 'retry-after': '1' } })
    vi.advanceTimersByTime(1)
    expect(await limit.take('192.0.2.1')).toMatchObject({ ratelimit: '"address";r=0;t=60' })
  })

  it('counts all that is asked for at once', async () => {
    const limit = createRateLimit('user', 5)!
    const taken = await Promise.allSettled(Array.from({ length: 20 }, () => limit.take('ada')))
    expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  })

  it('is none where it is 0', () => {
    expect(createRateLimit('user', 0)).toBeUndefined()
  })
})
