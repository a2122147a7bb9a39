/** One event of a text/event-stream, its data parsed. A comment has the name `comment` and its text as data. */
export interface ServerSentEvent<T = unknown> {
  readonly event: string
  readonly data: T
}

/** All events of a response, in order, once it has ended. */
export async function readEvents(response: Response): Promise<ServerSentEvent[]> {
  return Array.fromAsync(eventsOf(response))
}

/** The events of a response as they come. Throws when the connection breaks. */
export async function* eventsOf(response: Response): AsyncGenerator<ServerSentEvent> {
  let rest = ''
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop()!
    yield* blocks.map(parseBlock)
  }
  if (rest !== '') throw new Error(`The stream ended within an event: ${rest}`)
}

/** The text of the tokens among the events, joined. */
export const textOf = (events: readonly ServerSentEvent[]) =>
  events
    .filter(({ event }) => event === 'token')
    .map(({ data }) => (data as { text: string }).text)
    .join('')

function parseBlock(block: string): ServerSentEvent {
  if (block.startsWith(':')) return { event: 'comment', data: block.slice(1).trim() }
  const fields = block.split('\n').map((line) => {
    const [name = '', ...value] = line.split(': ')
    return [name, value.join(': ')] as const
  })
  const all = (name: string) => fields.filter(([key]) => key === name).map(([, value]) => value)
  return {
    event: all('event')[0] ?? 'message',
    data: JSON.parse(all('data').join('\n')) as unknown,
  }
}
