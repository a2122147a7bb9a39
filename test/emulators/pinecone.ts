import { randomBytes } from 'node:crypto'
import type { Emulator, EmulatorOptions } from './emulator.ts'
import { controlContract, dataContract } from './pinecone/contract.ts'
import { handleControl, type NewIndex, type Project } from './pinecone/control.ts'
import { handleData } from './pinecone/data.ts'
import { controlFailure, dataFailure } from './pinecone/errors.ts'
import { DEFAULT_NAMESPACE, type IndexState } from './pinecone/index-state.ts'
import { createRateLimits } from './pinecone/rate-limits.ts'
import type { Metadata, SparseValues } from './pinecone/records.ts'
import type { ReceivedRequest } from './received.ts'
import { createServiceHost } from './server.ts'

export interface PineconeEmulatorOptions extends EmulatorOptions {
  /** The only key that is let in. Default: random, because the SDK remembers hosts by key and index. */
  readonly apiKey?: string
  /** A write is invisible for so long; `Infinity` until `settle()`. Default 0. */
  readonly visibilityLagMs?: number
  /** A new index is initializing for so long; `Infinity` until `makeReady()`. Default 0. */
  readonly readyDelayMs?: number
  /** 100 on the Starter plan, 100,000 (the default) on Standard. */
  readonly namespacesPerIndex?: number
  /** True answers 429 over the documented requests a second. Default false. */
  readonly rateLimits?: boolean
}

/** Pinecone's control plane and, on a port each, the data planes of its indexes. */
export interface PineconeEmulator extends Emulator {
  /** Of the control plane: `controllerHostUrl`, `PINECONE_CONTROLLER_HOST`. */
  readonly url: string
  readonly apiKey: string
  /** Can be changed at any time. */
  readonly settings: PineconeSettings
  /** Makes an index without a request; the name is random unless told. */
  createIndex(index?: Partial<NewIndex>): Promise<{ name: string; host: string }>
  /** Lets reads see every write that was acknowledged. */
  settle(): void
  /** Lets every index be ready. */
  makeReady(): void
  /** What was acknowledged, whether reads see it yet or not, by id; all namespaces unless one is named. */
  stored(indexName: string, namespace?: string): StoredVector[]
}

export interface PineconeSettings {
  latencyMs: number
  visibilityLagMs: number
  readyDelayMs: number
  rateLimits: boolean
}

export interface StoredVector {
  readonly namespace: string
  readonly id: string
  readonly values: readonly number[]
  readonly sparseValues: SparseValues | undefined
  readonly metadata: Metadata
}

export async function startPineconeEmulator(
  options: PineconeEmulatorOptions = {},
): Promise<PineconeEmulator> {
  const { apiKey = `pcsk_${randomBytes(24).toString('hex')}`, now = Date.now } = options
  const settings: PineconeSettings = {
    latencyMs: options.latencyMs ?? 0,
    visibilityLagMs: options.visibilityLagMs ?? 0,
    readyDelayMs: options.readyDelayMs ?? 0,
    rateLimits: options.rateLimits ?? false,
  }
  const host = createServiceHost(options, settings)
  const indexes = new Map<string, IndexState>()
  const limit = createRateLimits(now)
  const isLetIn = ({ headers }: ReceivedRequest) => headers['api-key'] === apiKey

  async function create(wanted: NewIndex): Promise<IndexState> {
    const readyAtMs = now() + settings.readyDelayMs
    const index: IndexState = { ...wanted, readyAtMs, host: '', namespaces: new Map() }
    indexes.set(index.name, index)
    const plane = {
      index,
      now,
      visibilityLagMs: () => settings.visibilityLagMs,
      namespacesPerIndex: options.namespacesPerIndex ?? 100_000,
      limit(operation: Parameters<typeof limit>[0], namespace?: string) {
        if (settings.rateLimits) limit(operation, index.name, namespace)
      },
    }
    index.host = await host.open({
      contract: dataContract(),
      handle: (request) => (isLetIn(request) ? handleData(plane, request) : dataFailure(401)),
      failure: dataFailure,
    })
    return index
  }

  const project: Project = {
    indexes,
    now,
    create,
    async remove(index) {
      indexes.delete(index.name)
      await host.shut(index.host)
    },
  }
  const url = await host.open({
    contract: controlContract(),
    handle: (request) => (isLetIn(request) ? handleControl(project, request) : controlFailure(401)),
    failure: controlFailure,
  })

  return {
    ...host.emulator,
    url,
    apiKey,
    settings,
    async createIndex(index) {
      const made = await create({ ...usualIndex(), ...index })
      return { name: made.name, host: made.host }
    },
    settle() {
      for (const { namespaces } of indexes.values()) {
        for (const namespace of namespaces.values()) namespace.settle()
      }
    },
    makeReady() {
      for (const index of indexes.values()) index.readyAtMs = -Infinity
    },
    stored(indexName, namespace) {
      const namespaces = [...(indexes.get(indexName)?.namespaces ?? [])]
      return namespaces
        .filter(([name]) => namespace === undefined || name === (namespace || DEFAULT_NAMESPACE))
        .flatMap(([name, held]) =>
          [...held.acknowledged().values()].map(({ id, values, sparseValues, metadata = {} }) => {
            return { namespace: name, id, values: [...values], sparseValues, metadata }
          }),
        )
        .sort((a, b) => (a.id < b.id ? -1 : 1))
    },
  }
}

const usualIndex = (): NewIndex => ({
  name: `index-${randomBytes(6).toString('hex')}`,
  dimension: 384,
  metric: 'dotproduct',
  cloud: 'aws',
  region: 'us-east-1',
  tags: null,
  deletionProtection: 'disabled',
})
