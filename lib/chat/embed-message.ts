import { upstreamOf } from '../errors.ts'
import { passages } from '../memory/passages.ts'
import { textToEmbed } from '../memory/recall.ts'
import type { UserMemories } from '../memory/store.ts'
import type { Embedder } from '../models/embedder.ts'

/** What an embedder made of a message. */
export interface Embedded {
  /** Undefined where no embedder answered: then words alone recall. */
  readonly vectors: MessageVectors | undefined
  /** Who did not answer. */
  readonly failure: string | undefined
  readonly tookMs: number
}

/** One a passage: as the memory is kept, and as it is asked for. */
interface MessageVectors {
  readonly ofMessage: readonly Float32Array[]
  readonly ofQuestion: readonly Float32Array[]
}

/** Embeds a message once, for the store and for recall. Rejects only where the store does not answer. */
export async function embedMessage(
  text: string,
  memories: UserMemories,
  embedder: Embedder,
  signal: AbortSignal | undefined,
): Promise<Embedded> {
  const startedAtMs = performance.now()
  const tookMs = () => performance.now() - startedAtMs
  const parts = passages(text)
  const question = textToEmbed(text, await memories.speakers())
  const texts = question === text ? parts : [...parts, ...passages(question)]
  try {
    const made = await embedder.embed(texts, signal)
    const ofMessage = made.slice(0, parts.length)
    const ofQuestion = question === text ? ofMessage : made.slice(parts.length)
    return { vectors: { ofMessage, ofQuestion }, failure: undefined, tookMs: tookMs() }
  } catch (error) {
    return { vectors: undefined, failure: upstreamOf(error) ?? 'embedder', tookMs: tookMs() }
  }
}
