import type { Embedder } from '../models/embedder.ts'
import { embedMemories } from './embed-memories.ts'
import type { Memory } from './memory.ts'
import type { MemoryChange, UserMemories } from './store.ts'

/**
 * Changes what is given of a memory, and embeds a new text: by the old one it would be found for what it no longer says.
 * Undefined when there is none with this id, or only its conversation shows it.
 */
export async function editMemory(
  { memories, embedder }: { readonly memories: UserMemories; readonly embedder: Embedder },
  id: string,
  change: Omit<MemoryChange, 'vectors'>,
  signal: AbortSignal,
): Promise<Memory | undefined> {
  const memory = await memories.get(id)
  if (!memory || memory.reach === 'history') return undefined
  const { text } = change
  if (text === undefined || memory.reach !== 'recall') return memories.update(id, change)
  const { vectors } = await embedMemories(embedder, [{ ...memory, text }], signal)
  return memories.update(id, { ...change, vectors: vectors?.[0] })
}
