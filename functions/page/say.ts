import { isProblem, notFound, Problem } from '../../lib/errors.ts'
import { type BufferedReply, type Call, MetricUnit } from '../../lib/function.ts'
import { invalid } from '../../lib/function/input.ts'
import type { UserId } from '../../lib/memory/memory.ts'
import type { Services } from '../../lib/services.ts'
import { raw } from '../../web/html.ts'
import { chatPage, type ChatItem, sentFragment } from '../../web/pages/chat.ts'
import { problemAlert } from '../../web/pages/problem.ts'
import { conversationPath, messagePath } from '../../web/paths.ts'
import { page, seeOther } from './answers.ts'
import { conversationView, emptyView, newComposer } from './chat-view.ts'
import { readHistory } from './history.ts'
import { ConversationIdText, MessageIdText, MessageText } from './schema.ts'
import { shellOf, visit } from './visit.ts'

interface MessageFields {
  readonly text: string
  readonly message_id?: string
  readonly user_id?: string | undefined
}

/** Stores a message and answers with its article and that of its answer, which connects to the rest. */
export async function say(
  call: Call<unknown, MessageFields>,
  opened: Promise<Services>,
): Promise<BufferedReply> {
  const conversationId = conversationOf(call.params)
  if (isHtmx(call)) return sayNow(call, opened, conversationId, undefined)
  try {
    return await sayNow(call, opened, conversationId, undefined)
  } catch (error) {
    if (!isProblem(error)) throw error
    return refuseWithPage(call, opened, conversationId, error)
  }
}

/** Says the latest message in other words: the new one first, so that nothing is lost, then the old one goes. */
export async function editMessage(
  call: Call<unknown, MessageFields>,
  opened: Promise<Services>,
): Promise<BufferedReply> {
  return sayNow(call, opened, conversationOf(call.params), messageOf(call.params))
}

async function sayNow(
  call: Call<unknown, MessageFields>,
  opened: Promise<Services>,
  conversationId: string,
  replaces: string | undefined,
): Promise<BufferedReply> {
  const userId = sessionOf(call)
  if (call.form.user_id !== undefined && call.form.user_id !== userId) throw userChanged
  const { chat, config } = await opened
  const here = await visit(call, opened)
  const text = textOf(call.form)
  if (replaces !== undefined) await mustBeLatest(here.memories, conversationId, replaces)
  const message = {
    text,
    messageId: call.form.message_id,
    conversationId,
    topK: config.topK,
  }
  const said = await chat.say(userId, message, { signal: call.signal })
  if (said.isNew) call.metrics.addMetric('MemoriesStored', MetricUnit.Count, 1)
  if (replaces !== undefined && replaces !== said.messageId) {
    await forgetTurn({ chat, memories: here.memories }, userId, replaces)
  }
  const { messageId } = said
  if (!isHtmx(call)) return seeOther(messagePath(conversationId, messageId, 'live'))
  // Sent twice: whether the first answer arrived is not known here, so the page is drawn anew.
  if (!said.isNew)
    return { ...page(raw('')), headers: { 'hx-redirect': conversationPath(conversationId) } }
  const { visitor } = await shellOf(call, here, { conversationId })
  const live = { conversationId, messageId }
  const items: ChatItem[] = [
    { type: 'message', message: said.message, isLast: true },
    { type: 'live', ...live },
  ]
  const title = visitor.conversations.find(({ id }) => id === conversationId)?.title ?? text
  return page(
    sentFragment({
      items,
      live,
      composer: newComposer(userId, conversationId),
      visitor,
      title,
      replaces,
    }),
  )
}

export const isHtmx = ({ header }: Pick<Call, 'header'>) => header('hx-request') === 'true'

/** What cannot be an id names nothing. */
export function conversationOf({ id }: Readonly<Record<string, string>>): string {
  const parsed = ConversationIdText.safeParse(id)
  if (!parsed.success) throw notFound('conversation')
  return parsed.data
}

export function messageOf({ message }: Readonly<Record<string, string>>): string {
  const parsed = MessageIdText.safeParse(message)
  if (!parsed.success) throw notFound('message')
  return parsed.data
}

/** The user of this browser. A form is nobody's without one: cookies are off, or were just deleted. */
export function sessionOf({ caller }: Pick<Call, 'caller'>): UserId {
  if (caller.session !== undefined) return caller.session
  throw new Problem(
    403,
    'No session',
    'Your browser sent no cookie, so it is not known whose this is. Allow cookies for this site and reload.',
  )
}

const userChanged = new Problem(
  409,
  'Another user',
  'The user of this browser was changed in another tab. Reload to go on as that user; nothing was sent.',
)

function textOf({ text }: MessageFields): string {
  const parsed = MessageText.safeParse(text)
  if (parsed.success) return parsed.data
  throw invalid(parsed.error.issues.map(({ message }) => ({ path: '/text', message })))
}

async function mustBeLatest(
  memories: Awaited<ReturnType<typeof visit>>['memories'],
  conversationId: string,
  messageId: string,
): Promise<void> {
  const turns = await memories.conversation(conversationId, { limit: 4 })
  const latest = turns.findLast(({ turn, role }) => turn && role === 'user')
  if (latest?.turn?.messageId === messageId) return
  throw new Problem(409, 'Not the latest message', 'Only the latest message can be edited.')
}

async function forgetTurn(
  { chat, memories }: Pick<Services, 'chat'> & Pick<Awaited<ReturnType<typeof visit>>, 'memories'>,
  userId: UserId,
  messageId: string,
): Promise<void> {
  const { message } = await memories.turn(messageId)
  if (message) await memories.delete(message.id)
  const { answer } = await memories.turn(messageId) // Without its message none is written any more.
  if (answer) await memories.delete(answer.id)
  await chat.forgetDeleted(userId)
}

/** Where there is no script, a refused message comes back in its box. */
async function refuseWithPage(
  call: Call<unknown, MessageFields>,
  opened: Promise<Services>,
  conversationId: string,
  problem: Problem,
): Promise<BufferedReply> {
  const { notes } = await opened
  const here = await visit(call, opened)
  const shell = await shellOf(call, here, { conversationId })
  const history = await readHistory(here.memories, conversationId, { now: new Date() })
  const more = { alert: problemAlert(problem), draft: call.form.text }
  const view =
    history.items.length > 0
      ? conversationView(history, { ...shell.visitor, conversationId }, notes, more)
      : emptyView(here.userId, notes)
  const composer = { ...view.composer, conversationId, draft: more.draft }
  const reply = page(chatPage(shell, { ...view, composer, alert: more.alert }), {
    status: problem.status,
    cookies: here.cookies,
  })
  return { ...reply, headers: { ...problem.headers, ...reply.headers } }
}
