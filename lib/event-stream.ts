import { setTimeout as sleep } from 'node:timers/promises'

/** Server-sent events. Lines end in LF alone: some parsers split CR and LF that arrive apart. */

export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no', // nginx would hold the stream back otherwise.
}

/** One event; `data` of several lines becomes several data fields, as the format wants it. */
export function serverSentEvent(data: string, event?: string): string {
  const lines = data
    .replaceAll('\r', '')
    .split('\n')
    .map((line) => `data: ${line}\n`)
    .join('')
  return `${event === undefined ? '' : `event: ${event}\n`}${lines}\n`
}

/** Proxies cut a connection that is silent for a minute or so. */
const KEEP_ALIVE_MS = 15_000

/** The chunks, and a comment whenever there was none for 15 seconds. */
export async function* withKeepAlive(
  chunks: AsyncIterable<string>,
  intervalMs = KEEP_ALIVE_MS,
): AsyncGenerator<string> {
  const iterator = chunks[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = iterator.next()
      let result = await firstOf(next, intervalMs)
      while (result === 'silent') {
        yield ': keep-alive\n\n'
        result = await firstOf(next, intervalMs)
      }
      if (result.done) return
      yield result.value
    }
  } finally {
    await iterator.return?.()
  }
}

async function firstOf<T>(next: Promise<T>, ms: number): Promise<T | 'silent'> {
  const timer = new AbortController()
  try {
    return await Promise.race([next, sleep(ms, 'silent' as const, { signal: timer.signal })])
  } finally {
    timer.abort()
  }
}
