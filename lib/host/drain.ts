import type { Server } from 'node:http'
import { Server as Listener } from 'node:net'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'

/**
 * How long the app must have been quiet before it may go: a proxy may be about to use an open connection. Counted in
 * looks, for a process that was held up looks once, however late, and must then read first what came meanwhile.
 */
const PAUSE_MS = 20
const QUIET_LOOKS = 15

/** Counts the requests of a server that have begun to arrive and are not answered to their last byte. */
export function countRequests(server: Server): () => number {
  let open = 0
  server.on('request', (_, response) => {
    open += 1
    response.once('close', () => (open -= 1))
  })
  return () => open
}

/** How long new connections may keep the door open. */
const LAST_CALL_MS = 3_000
/** In a turn as short as this nothing was done that somebody could have connected during. */
const SHORT_TURN_MS = 0.5

/**
 * Takes no more connections. Who has connected and was not taken in yet would meet a reset, which does not tell
 * whether the request was begun; so all of them are, one a turn, and the door closes when nobody stands in it. Idle
 * connections stay, for a request may be on its way on any of them: `close()` of a server of HTTP would end those too.
 */
export async function stopListening(server: Server): Promise<void> {
  const giveUpAtMs = performance.now() + LAST_CALL_MS
  let arrivals = 0
  const count = () => (arrivals += 1)
  server.on('connection', count)
  for (let quiet = 0; quiet < 2 && performance.now() <= giveUpAtMs;) {
    const before = { arrivals, atMs: performance.now() }
    await turn()
    const wasShort = performance.now() - before.atMs < SHORT_TURN_MS
    quiet = wasShort && arrivals === before.arrivals ? quiet + 1 : 0
  }
  server.off('connection', count)
  Listener.prototype.close.call(server)
}

/**
 * Ends a server that does not listen any more without failing a request: waits until nothing is under way, then closes
 * what is left. Asks for requests and handlers, not connections: a proxy and a browser keep connections open that they never
 * use. Resolves true when all was done within `timeoutMs`.
 */
export async function drain(
  server: Server,
  isBusy: () => boolean,
  timeoutMs: number,
): Promise<boolean> {
  const giveUpAtMs = performance.now() + timeoutMs
  for (let quiet = 0; quiet < QUIET_LOOKS && performance.now() <= giveUpAtMs;) {
    await sleep(PAUSE_MS)
    quiet = isBusy() ? 0 : quiet + 1
  }
  const clean = !isBusy()
  server.closeAllConnections()
  return clean
}
