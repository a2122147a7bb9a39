import type { Config } from './config.ts'
import type { RateLimit } from './rate-limit.ts'

/**
 * What must be one per process though bundles share no module: every bundle holds its own copy of this file, all
 * copies hold the same registry. The list is short on purpose:
 *
 * - `config`: the settings as they were at the start (lib/config.ts)
 * - `services`: the open store, the models and the replies that are being made (lib/services.ts)
 * - `emfSink`: who reads the functions' metrics on a host (lib/host/prometheus.ts); none on Lambda
 * - `userLimit`: how often each user may call (lib/rate-limit.ts)
 *
 * Classes are not shared, so nothing in here is told apart by `instanceof`.
 */
export interface ProcessWide {
  config: Config
  services: unknown
  emfSink: (blob: unknown) => void
  userLimit: RateLimit | undefined
}

const registry = ((globalThis as Record<symbol, unknown>)[Symbol.for('ai-memory-layer.process')] ??=
  new Map()) as Map<string, unknown>

export function processWide<K extends keyof ProcessWide>(key: K): ProcessWide[K] | undefined {
  return registry.get(key) as ProcessWide[K] | undefined
}

/** What stands under `key`, made by `create` if this is the first bundle to ask. */
export function oncePerProcess<K extends keyof ProcessWide>(
  key: K,
  create: () => ProcessWide[K],
): ProcessWide[K] {
  if (!registry.has(key)) registry.set(key, create())
  return registry.get(key) as ProcessWide[K]
}
