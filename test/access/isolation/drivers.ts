import { readConfig, variables } from '../../../lib/config.ts'
import { startPineconeEmulator } from '../../emulators/pinecone.ts'
import { pineconeSettings } from '../../emulators/settings.ts'

/** A store that the whole product is run over. */
export interface Driver {
  readonly name: string
  /** Why it cannot be run here. */
  readonly missing?: string | undefined
  /** Settings of a host, once what it needs is there. */
  start(): Promise<{ env: Readonly<Record<string, string>>; stop(): Promise<unknown> }>
}

const overPinecone = (isolation: 'namespace' | 'metadata'): Driver => ({
  name: `pinecone, users apart by ${isolation}`,
  missing: hasPinecone() ? undefined : 'this release has no pinecone driver',
  async start() {
    const emulator = await startPineconeEmulator({ visibilityLagMs: 0, keepRequests: 0 })
    return {
      env: {
        STORE: 'pinecone',
        PINECONE_ISOLATION: isolation,
        ...pineconeSettings(emulator),
      },
      stop: () => emulator.close(),
    }
  },
})

export const drivers: readonly Driver[] = [
  { name: 'sqlite', start: async () => ({ env: { STORE: 'sqlite' }, stop: async () => {} }) },
  overPinecone('namespace'),
  overPinecone('metadata'),
]

function hasPinecone(): boolean {
  if (!('PINECONE_ISOLATION' in variables)) return false
  try {
    readConfig({ STORE: 'pinecone', PINECONE_API_KEY: 'a-key' })
    return true
  } catch {
    return false
  }
}
