import type { Outcome, ReplyEvent, Watcher } from './chat.ts'
import type { Recalled } from '../memory/recall.ts'

/** Why a run was told to stop. `forgotten`: its message or what it said so far was deleted, and stays so. */
export type StopReason = 'stopped' | 'unwatched' | 'deadline' | 'forgotten'

/**
 * One reply while it is made, apart from any connection: whoever watches gets what is there so far and then what
 * comes. It ends by itself when nobody has watched for as long as its watchers asked for.
 */
export interface Run {
  readonly signal: AbortSignal
  /** Text so far. */
  readonly text: () => string
  recalled(context: readonly Recalled[]): void
  append(text: string): void
  /** Something of the answer is stored: if it is not there later, it was deleted. */
  keep(): void
  isKept(): boolean
  end(outcome: Outcome): void
  /** For a run that broke in a way nobody foresaw: every watcher's iteration throws it. */
  fail(error: unknown): void
  stop(reason: StopReason): void
  stopReason(): StopReason | undefined
  watch(watcher: Watcher): AsyncIterable<ReplyEvent>
}

export function createRun(deadlineMs: number): Run {
  const gone = new AbortController()
  const waiting = new Set<() => void>()
  let context: readonly Recalled[] | undefined
  let text = ''
  let outcome: Outcome | undefined
  let failure: { error: unknown } | undefined
  let reason: StopReason | undefined
  let watchers = 0
  let lingerMs = 0
  let isKept = false
  let linger: NodeJS.Timeout | undefined

  const deadline = setTimeout(() => stop('deadline'), deadlineMs)

  function wake() {
    for (const resume of waiting) resume()
    waiting.clear()
  }
  function stop(why: StopReason) {
    if (reason !== undefined || outcome || failure) return
    reason = why
    gone.abort(new DOMException('The reply was stopped.', 'AbortError'))
  }
  function finish() {
    clearTimeout(deadline)
    clearTimeout(linger)
    wake()
  }
  function leave() {
    watchers -= 1
    if (watchers > 0 || outcome || failure) return
    if (lingerMs === 0) stop('unwatched')
    else linger = setTimeout(() => stop('unwatched'), lingerMs)
  }

  async function* watch(watcher: Watcher): AsyncGenerator<ReplyEvent> {
    watchers += 1
    lingerMs = Math.max(lingerMs, watcher.lingerMs)
    clearTimeout(linger)
    const onAbort = () => wake()
    watcher.signal.addEventListener('abort', onAbort)
    try {
      let sentContext = false
      let sent = 0
      for (;;) {
        watcher.signal.throwIfAborted()
        if (context && !sentContext) {
          sentContext = true
          yield { type: 'context', context }
        } else if (sent < text.length) {
          const piece = text.slice(sent)
          sent = text.length
          yield { type: 'text', text: piece }
        } else if (failure) {
          throw failure.error
        } else if (outcome) {
          if (!sentContext) yield { type: 'context', context: outcome.context }
          yield { type: 'end', outcome }
          return
        } else {
          await new Promise<void>((resolve) => waiting.add(resolve))
        }
      }
    } finally {
      watcher.signal.removeEventListener('abort', onAbort)
      leave()
    }
  }

  return {
    signal: gone.signal,
    text: () => text,
    recalled(found) {
      context = found
      wake()
    },
    append(piece) {
      text += piece
      wake()
    },
    keep() {
      isKept = true
    },
    isKept: () => isKept,
    end(how) {
      outcome = how
      finish()
    },
    fail(error) {
      failure = { error }
      finish()
    },
    stop,
    stopReason: () => reason,
    watch,
  }
}
