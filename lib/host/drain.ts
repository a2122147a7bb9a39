import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long the app must have been quiet before it may go: a proxy may be about to use an open connection. */
const QUIET_MS = 300

/**
 * Ends a server without failing a request: takes no more connections, waits until no handler runs, then closes what
 * is left. Counts handlers, not connections: a proxy and a browser keep connections open that they never use.
 * Resolves true when every handler finished within `timeoutMs`.
 */
export async function drain(
  server: Server,
  running: ReadonlySet<Promise<unknown>>,
  timeoutMs: number,
): Promise<boolean> {
  server.close()
  const giveUpAtMs = performance.now() + timeoutMs
  let quietSinceMs = performance.now()
  while (performance.now() - quietSinceMs < QUIET_MS) {
    if (performance.now() > giveUpAtMs) break
    await sleep(20)
    if (running.size > 0) quietSinceMs = performance.now()
  }
  const clean = running.size === 0
  server.closeAllConnections()
  return clean
}
