import { join } from 'node:path'
import { startMeasuredHost } from './measured-host.ts'
import { median, table } from './statistics.ts'

const ROUNDS = 7
const CHATS = 2000

/** From `node` to ready on a built dist with a warm compile cache; memory idle and after 2,000 chats of 20 users. */
export async function benchStart({
  dist,
  folder,
}: {
  dist: string
  folder: string
}): Promise<string> {
  const readyMs: number[] = []
  const idleMb: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const host = await startMeasuredHost(dist, join(folder, `start-${round}`))
    if (round > 0) readyMs.push(host.readyMs) // The first warms the compile cache.
    idleMb.push(await host.residentMb())
    await host.stop()
  }
  const host = await startMeasuredHost(dist, join(folder, 'chats'), {
    RATE_LIMIT_USER: '0',
    RATE_LIMIT_ADDRESS: '0',
  })
  for (let chat = 0; chat < CHATS; chat++) {
    const message =
      chat % 2 === 0 ? `I bought lamp number ${chat}.` : `Which lamp did I buy before ${chat}?`
    await host.post('/api/chat', { user_id: `user-${chat % 20}`, message })
  }
  const afterMb = await host.residentMb()
  await host.stop()
  return table(
    ['what', 'median', 'goal'],
    [
      ['node to ready', `${median(readyMs).toFixed(0)} ms`, '300 ms'],
      ['resident, idle', `${median(idleMb).toFixed(0)} MB`, '100 MB'],
      [`resident after ${CHATS} chats`, `${afterMb.toFixed(0)} MB`, '120 MB'],
    ],
  )
}
