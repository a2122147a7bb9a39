export interface ReceivedEvent {
  /** Empty for the usual kind. */
  readonly event: string
  readonly data: string
}

/**
 * The events in a stream of bytes, however they are cut: comments and fields that nobody asked for are passed over, and
 * an event that the end of the stream closes counts too. Source: HTML Living Standard, "Server-sent events".
 */
export async function* readServerSentEvents(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ReceivedEvent> {
  let event = ''
  let data: string[] = []
  for await (const line of readLines(chunks)) {
    if (line === '') {
      if (data.length > 0) yield { event, data: data.join('\n') }
      event = ''
      data = []
      continue
    }
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
  }
  if (data.length > 0) yield { event, data: data.join('\n') }
}

/** Lines end in LF, CR, or both. */
async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split(/\r\n|\n|\r(?!$)/) // A CR at the end may be half of a CR LF.
    rest = lines.pop() ?? ''
    yield* lines
  }
  rest += decoder.decode()
  if (rest !== '') yield* rest.split(/\r\n|\n|\r/)
}
