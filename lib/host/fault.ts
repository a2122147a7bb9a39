import type { Env, Hono } from 'hono'

/** What a release can be made to suffer from, to see that a deploy refuses it. */
export type Fault = 'crash' | 'health' | 'smoke'

/** Before all other routes: what answers first wins. A crash happens at the start, long before. */
export function mountFault<E extends Env>(app: Hono<E>, fault: Fault): void {
  const path = { crash: undefined, health: '/healthz', smoke: '/' }[fault]
  if (path !== undefined) app.get(path, (c) => c.json({ status: `BREAK=${fault}` }, 500))
}
