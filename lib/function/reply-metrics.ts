import type { Outcome } from '../chat/chat.ts'
import { type Metrics, MetricUnit } from './observe.ts'

/** Counts and times of one reply, by whoever had it made; a replay counts nothing. */
export function countReply(
  metrics: Metrics,
  { answer, context, made }: Outcome,
  embeddingCacheHits: number,
): void {
  if (!made) return
  const usage = answer.turn?.usage
  metrics.addMetric('Embed', MetricUnit.Milliseconds, made.embedMs)
  metrics.addMetric('Recall', MetricUnit.Milliseconds, made.recallMs)
  metrics.addMetric('FirstToken', MetricUnit.Milliseconds, made.firstTokenMs)
  const counts = {
    MemoriesRecalled: context.length,
    MemoriesStored: made.memoriesStored,
    PromptTokens: usage?.promptTokens ?? 0,
    CompletionTokens: usage?.completionTokens ?? 0,
    UpstreamFailures: made.failures.length,
    EmbeddingCacheHits: embeddingCacheHits,
  }
  for (const [name, count] of Object.entries(counts)) {
    metrics.addMetric(name, MetricUnit.Count, count)
  }
}
