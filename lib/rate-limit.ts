import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js'
import { Problem } from './errors.ts'

/** A bucket for each key. It is full at first, and full again a minute after the first request that took from it. */
export interface RateLimit {
  /**
   * Takes one request out of the bucket of `key`; resolves to what to tell the caller of it, by the headers RateLimit
   * and RateLimit-Policy. Rejects with a Problem 429 when the bucket is empty.
   * Source: IETF draft-ietf-httpapi-ratelimit-headers-10.
   */
  take(key: string): Promise<Readonly<Record<string, string>>>
}

const WINDOW_SECONDS = 60

/** `who` names the policy, and whoever has the bucket. Undefined where there is no limit: 0. */
export function createRateLimit(who: 'user' | 'address', perMinute: number): RateLimit | undefined {
  if (perMinute === 0) return undefined
  const limiter = new RateLimiterMemory({ points: perMinute, duration: WINDOW_SECONDS })
  const policy = `"${who}";q=${perMinute};w=${WINDOW_SECONDS}`
  const headersOf = (remaining: number, seconds: number) => ({
    'ratelimit-policy': policy,
    ratelimit: `"${who}";r=${remaining};t=${seconds}`,
  })
  return {
    async take(key) {
      // What is left is told by rejecting too: the library has no other word for an empty bucket.
      const { remainingPoints, msBeforeNext, consumedPoints } = await limiter
        .consume(key)
        .catch((taken: Awaited<ReturnType<typeof limiter.consume>>) => taken)
      const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000))
      const headers = headersOf(remainingPoints, seconds)
      if (consumedPoints <= perMinute) return headers
      throw new Problem(
        429,
        'Too many requests',
        `There may be ${perMinute} ${perMinute === 1 ? 'request' : 'requests'} a minute from one ${who}.`,
        { headers: { ...headers, 'retry-after': String(seconds) } },
      )
    },
  }
}
