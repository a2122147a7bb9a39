import { expect } from 'vitest'
import { ada, alan, type Suite } from './suite.ts'

export function describeLeases({ it, open, reopen, clock }: Suite) {
  const pass = (ms: number) => {
    clock.now = new Date(clock.now.getTime() + ms)
  }

  it('leases to one holder, who may renew it and give it back', async () => {
    const memories = (await open()).forUser(ada)
    expect(await memories.lease('reply:1', 'one', 30_000)).toBe(true)
    expect(await memories.lease('reply:1', 'two', 30_000)).toBe(false)
    expect(await memories.lease('reply:1', 'one', 30_000)).toBe(true)
    await memories.release('reply:1', 'two') // Not theirs to give back.
    expect(await memories.lease('reply:1', 'two', 30_000)).toBe(false)
    await memories.release('reply:1', 'one')
    expect(await memories.lease('reply:1', 'two', 30_000)).toBe(true)
    expect(await memories.lease('reply:1', 'one', 30_000)).toBe(false)
  })

  it('leases anew when the time is over, and no sooner', async () => {
    const memories = (await open()).forUser(ada)
    await memories.lease('reply:1', 'one', 30_000)
    pass(20_000)
    await memories.lease('reply:1', 'one', 30_000) // Renewed: the time counts from here.
    pass(29_999)
    expect(await memories.lease('reply:1', 'two', 30_000)).toBe(false)
    pass(1)
    expect(await memories.lease('reply:1', 'two', 30_000)).toBe(true)
    expect(await memories.lease('reply:1', 'one', 30_000)).toBe(false)
    await memories.release('reply:1', 'one') // Too late: it is another's now.
    expect(await memories.lease('reply:1', 'one', 30_000)).toBe(false)
  })

  it('keeps keys and users apart', async () => {
    const store = await open()
    expect(await store.forUser(ada).lease('reply:1', 'one', 30_000)).toBe(true)
    expect(await store.forUser(ada).lease('reply:2', 'two', 30_000)).toBe(true)
    expect(await store.forUser(alan).lease('reply:1', 'two', 30_000)).toBe(true)
    await store.forUser(alan).release('reply:1', 'two')
    expect(await store.forUser(ada).lease('reply:1', 'two', 30_000)).toBe(false)
  })

  it('leases to one of many who ask at once', async () => {
    const store = await open()
    const holders = Array.from({ length: 10 }, (_, at) => `holder ${at}`)
    const granted = await Promise.all(
      holders.map((holder) => store.forUser(ada).lease('reply:1', holder, 30_000)),
    )
    expect(granted.filter(Boolean)).toHaveLength(1)
  })

  it('leases to one holder in all stores of one place', async () => {
    const first = await open()
    const second = await reopen(first)
    expect(await first.forUser(ada).lease('reply:1', 'one', 30_000)).toBe(true)
    expect(await second.forUser(ada).lease('reply:1', 'two', 30_000)).toBe(false)
    await first.forUser(ada).release('reply:1', 'one')
    expect(await second.forUser(ada).lease('reply:1', 'two', 30_000)).toBe(true)
    expect(await first.forUser(ada).lease('reply:1', 'one', 30_000)).toBe(false)
  })

  it('keeps the first value under a key, and tells it to whoever comes later', async () => {
    const store = await open()
    const memories = store.forUser(ada)
    expect(await memories.kept('once')).toBeUndefined()
    const values = Array.from({ length: 10 }, (_, at) => `value ${at}`)
    const told = await Promise.all(values.map((value) => memories.keep('once', value, 30_000)))
    expect(new Set(told).size).toBe(1)
    expect(values).toContain(told[0])
    expect(await memories.kept('once')).toBe(told[0])
    expect(await memories.kept('twice')).toBeUndefined()
    expect(await store.forUser(alan).kept('once')).toBeUndefined()
    expect(await (await reopen(store)).forUser(ada).keep('once', 'late', 30_000)).toBe(told[0])
    pass(29_999)
    expect(await memories.keep('once', 'later', 30_000)).toBe(told[0])
    pass(1)
    expect(await memories.kept('once')).toBeUndefined()
    expect(await memories.keep('once', 'new', 30_000)).toBe('new')
    await memories.clear()
    expect(await memories.kept('once')).toBeUndefined()
  })
}
