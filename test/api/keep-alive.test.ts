import { expect, it } from 'vitest'
import { eventsOf } from '../support/events.ts'
import { startHost } from '../support/host.ts'

it('a stream that has nothing to say says so, before a proxy takes it for dead', async () => {
  await using host = await startHost({ staged: true })
  const hangUp = new AbortController()
  const turn = { user_id: 'ada', message: 'never answer' }
  const names: string[] = []
  const silence = AbortSignal.timeout(16_000)
  for await (const { event } of eventsOf(
    await host.api.openStream(turn, AbortSignal.any([hangUp.signal, silence])),
  )) {
    names.push(event)
    if (event === 'comment') break
  }
  expect(names).toEqual(['context', 'comment'])
  hangUp.abort()
}, 30_000)
