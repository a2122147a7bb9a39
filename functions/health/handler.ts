import { config } from '../../lib/config.ts'
import { buffered, json, route } from '../../lib/function.ts'
import type { Health } from '../../lib/health.ts'
import { processWide } from '../../lib/process.ts'
import { createProbe } from './probe.ts'

const probe = createProbe()

/**
 * Whether a chat can be answered, and what is wrong where not. Where the services are open in this process they are
 * asked; alone, as on Lambda, the function looks from outside. It never imports them: health stays small.
 */
export const { routes, handler } = buffered(
  { name: 'health', access: 'public' },
  {
    'GET /api/health': route({}, async () => {
      const opened = processWide('services') as Promise<{ health(): Promise<Health> }> | undefined
      const health = opened ? await (await opened).health() : await probe(config())
      return json(health.status === 'error' ? 503 : 200, health)
    }),
  },
)
