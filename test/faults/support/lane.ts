import { randomUUID } from 'node:crypto'
import type { Answer, Api, ChatAnswer, WireMemory } from '../../support/api.ts'
import type { ServerSentEvent } from '../../support/events.ts'
import type { Random } from './random.ts'

export const KINDS = [
  'chat',
  'stream',
  'ingest',
  'edit',
  'delete',
  'delete conversation',
  'erase',
] as const
/** An erasure is rarer than the rest. */
const USUAL: readonly Kind[] = [...KINDS.filter((kind) => kind !== 'erase'), 'edit', 'ingest']

export type Kind = (typeof KINDS)[number]

/** What must be true of the store if an operation was done, and what if it was not. */
interface Change {
  readonly kind: Kind
  /** Texts that are there afterwards, and were not before: all of them or none. */
  readonly adds: readonly string[]
  /** Texts that were there before, and are not afterwards: all of them or none. */
  readonly removes: readonly string[]
  /** Of a chat, for asking again. */
  readonly messageId?: string
}

export interface Verdict {
  /** What was acknowledged and is not there. */
  readonly lost: readonly string[]
  /** What is there and should not be: deleted things that came back, half of an operation. */
  readonly wrong: readonly string[]
  /** Of the operation that was cut, if there was one: its kind and whether it had happened. */
  readonly cut?: { readonly kind: Kind; readonly happened: boolean } | undefined
}

const ITEMS = 60
/** The conversation of a lane's chats; an ingest has one of its own. */
const TALK = 'talk'

/**
 * One user who does one thing after the other and keeps account of what was acknowledged. At most one operation is under
 * way, so after a crash there is at most one of which nobody knows whether it happened.
 */
export function createLane(userId: string, random: Random) {
  /** Text of every acknowledged memory of the user's own, with its id where it is known, and its conversation. */
  const known = new Map<string, { id?: string; conversation: string }>()
  const answers = new Map<string, { message: string; response: string }>()
  const acknowledged = new Map<Kind, number>(KINDS.map((kind) => [kind, 0]))
  let underWay: Change | undefined
  let serial = 0
  const fresh = (what: string) => `${what} ${++serial} of ${userId}, ${randomUUID().slice(0, 8)}.`

  async function chat(api: Api, kind: 'chat' | 'stream'): Promise<void> {
    const messageId = randomUUID()
    // Some answers take long enough to be cut, some are made at once.
    const message = `say ${random.between(0, 12)} words, 3 ms apart: ${fresh('message')}`
    underWay = { kind, adds: [message], removes: [], messageId }
    const body = {
      user_id: userId,
      message,
      message_id: messageId,
      metadata: { conversation_id: TALK },
    }
    const response =
      kind === 'chat'
        ? okBody(await api.chat(body)).response
        : responseOf((await api.chatEvents(body)).at(-1))
    known.set(message, { conversation: TALK })
    answers.set(messageId, { message, response })
  }

  async function ingest(api: Api): Promise<void> {
    const conversation = randomUUID()
    const texts = Array.from({ length: ITEMS }, () => fresh('item'))
    underWay = { kind: 'ingest', adds: texts, removes: [] }
    const items = texts.map((text) => ({ text, role: 'user', conversation_id: conversation }))
    const { ids } = okBody(await api.ingest({ user_id: userId, items }))
    texts.forEach((text, at) => known.set(text, { id: ids[at]!, conversation }))
  }

  const withId = () =>
    [...known].flatMap(([text, { id, conversation }]) =>
      id === undefined ? [] : [{ text, id, conversation }],
    )

  async function edit(api: Api): Promise<void> {
    const { text, id, conversation } = random.pick(withId())
    const edited = fresh('edited')
    underWay = { kind: 'edit', adds: [edited], removes: [text] }
    const path = `/api/memories/${id}?user_id=${userId}`
    okBody(await api.request('PATCH', path, { body: { text: edited } }))
    known.delete(text)
    known.set(edited, { id, conversation })
  }

  async function remove(api: Api): Promise<void> {
    const { text, id } = random.pick(withId())
    underWay = { kind: 'delete', adds: [], removes: [text] }
    okBody(await api.forget(userId, id))
    known.delete(text)
  }

  async function removeConversation(api: Api): Promise<void> {
    const { conversation } = random.pick(withId())
    const removes = [...known].flatMap(([text, of]) =>
      of.conversation === conversation ? [text] : [],
    )
    underWay = { kind: 'delete conversation', adds: [], removes }
    okBody(await api.request('DELETE', `/api/conversations/${conversation}?user_id=${userId}`))
    for (const text of removes) known.delete(text)
  }

  async function erase(api: Api): Promise<void> {
    underWay = { kind: 'erase', adds: [], removes: [...known.keys()] }
    okBody(await api.request('DELETE', `/api/users/${userId}`))
    known.clear()
    answers.clear()
  }

  /** An ingest first, so that there is something to edit; then whatever comes. */
  function choose(): Kind {
    if (withId().length < 2) return 'ingest'

    if (known.size > 300) return random.pick(['delete conversation', 'erase'])
    return random.pick(USUAL)
  }

  const run: Record<Kind, (api: Api) => Promise<void>> = {
    chat: (api) => chat(api, 'chat'),
    stream: (api) => chat(api, 'stream'),
    ingest,
    edit,
    delete: remove,
    'delete conversation': removeConversation,
    erase,
  }

  return {
    acknowledged,
    /** Does one thing after the other until the service is gone. */
    async work(api: Api, isOver: () => boolean): Promise<void> {
      while (!isOver()) {
        const kind = choose()
        try {
          await run[kind](api)
        } catch (error) {
          if (error instanceof Refusal || !isOver()) throw error
          return
        }
        acknowledged.set(kind, acknowledged.get(kind)! + 1)
        underWay = undefined
      }
    },
    /** Compares what is there with what was acknowledged; what was cut may have happened, but wholly. */
    async verify(api: Api): Promise<Verdict> {
      const change = underWay
      underWay = undefined
      const all = await listAll(api, userId)
      const there = new Set(all.filter(({ role }) => role === 'user').map(({ text }) => text))
      const unsure = new Set([...(change?.adds ?? []), ...(change?.removes ?? [])])
      const lost = [...known.keys()].filter((text) => !unsure.has(text) && !there.has(text))
      const wrong = [...there].filter((text) => !unsure.has(text) && !known.has(text))
      const count = (texts: readonly string[] = []) =>
        texts.filter((text) => there.has(text)).length
      const added = count(change?.adds)
      const left = count(change?.removes)
      const happened = change && (change.adds.length > 0 ? added > 0 : left === 0)
      const isWhole =
        change === undefined ||
        (happened
          ? added === change.adds.length && left === 0
          : added === 0 && left === change.removes.length)
      if (!isWhole) {
        const { kind, adds, removes } = change
        wrong.push(
          `half: ${kind}, ${added} of ${adds.length} added, ${left} of ${removes.length} left`,
        )
      }
      if (change && happened && isWhole) settle(change, all)
      if (change?.kind === 'erase' && happened) answers.clear()
      if (change?.messageId !== undefined) await askAgain(api, change, wrong)
      await replay(api, lost)
      return { lost, wrong, cut: change && { kind: change.kind, happened: happened ?? false } }
    },
  }

  function settle({ adds, removes }: Change, all: readonly WireMemory[]): void {
    const edited = removes.length === 1 ? known.get(removes[0]!) : undefined
    for (const text of removes) known.delete(text)
    for (const text of adds) {
      const memory = all.find((memory) => memory.text === text)!
      const conversation = edited?.conversation ?? memory.conversation_id ?? TALK
      known.set(text, conversation === TALK ? { conversation } : { id: memory.id, conversation })
    }
  }

  /** A caller whose connection was cut sends the same message again: it stands there once, and is answered once. */
  async function askAgain(api: Api, { adds, messageId }: Change, wrong: string[]): Promise<void> {
    const [message] = adds
    const metadata = { conversation_id: TALK }
    const body = { user_id: userId, message: message!, message_id: messageId!, metadata }
    const first = okBody(await api.chat(body))
    const all = await listAll(api, userId)
    const copies = all.filter(({ text }) => text === message).length
    if (copies !== 1) wrong.push(`${copies} copies of a message that was sent again`)
    known.set(message!, { conversation: TALK })
    answers.set(messageId!, { message: message!, response: first.response })
  }

  /** The latest answers are replayed as they were; each stands there once. */
  async function replay(api: Api, lost: string[]): Promise<void> {
    for (const [messageId, { message, response }] of [...answers].slice(-3)) {
      const metadata = { conversation_id: TALK }
      const body = { user_id: userId, message, message_id: messageId, metadata }
      const again = okBody(await api.chat(body)).response
      if (again !== response) lost.push(`the answer to “${message}”: ${again}`)
    }
  }
}

/** The service answered, but not with what was asked for. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

function okBody<T>({ status, body }: Answer<T>): T {
  if (status >= 200 && status < 300) return body
  throw new Refusal(`Status ${status}: ${JSON.stringify(body)}`)
}

function responseOf(last: ServerSentEvent | undefined): string {
  if (last?.event === 'done') return (last.data as ChatAnswer).response
  throw new Refusal(`The last event is ${JSON.stringify(last)}`)
}

export async function listAll(api: Api, userId: string): Promise<WireMemory[]> {
  const all: WireMemory[] = []
  let cursor: string | undefined
  do {
    const page = okBody(await api.list(userId, { limit: '200', ...(cursor && { cursor }) }))
    all.push(...page.results)
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
  return all
}
