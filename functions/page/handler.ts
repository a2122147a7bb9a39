import { notFound } from '../../lib/errors.ts'
import { buffered, type Call, route } from '../../lib/function.ts'
import { services } from '../../lib/services.ts'
import { chatPage, earlierItems, retriedFragment } from '../../web/pages/chat.ts'
import { recalledItems } from '../../web/partials/recalled.ts'
import { recalledPage } from '../../web/pages/recalled.ts'
import { readRecalled } from '../../lib/chat/replay.ts'
import { conversationPath, messagePath } from '../../web/paths.ts'
import { nothingToShow, page, seeOther } from './answers.ts'
import { conversationView, emptyView, newComposer } from './chat-view.ts'
import { endOf, readHistory } from './history.ts'
import { memoryRoutes } from './memories.ts'
import { conversationOf, editMessage, isHtmx, messageOf, say, sessionOf } from './say.ts'
import {
  ConversationQuery,
  EditedMessageForm,
  EmptyForm,
  HomeQuery,
  MessageForm,
  ThemeForm,
  UserForm,
} from './schema.ts'
import { ownPath, showProblemOrSignIn, signInRoutes } from './sign-in.ts'
import { shellOf, visit } from './visit.ts'

const opened = services()

/** The chat page and its forms: whatever is answered whole. Answers that are being made come from `reply`. */
export const { routes, handler } = buffered(
  { name: 'page', access: 'page', showProblem: showProblemOrSignIn },
  {
    'GET /': route({ query: HomeQuery }, async (call) => {
      const here = await visit(call, opened)
      const [latest] = await here.memories.conversations({ limit: 1 })
      return showChat(call, here, latest?.id, call.query.user_id)
    }),

    'GET /new': route({}, async (call) => showChat(call, await visit(call, opened), undefined)),

    'GET /c/{id}': route({ query: ConversationQuery }, async (call) => {
      const here = await visit(call, opened)
      const id = conversationOf(call.params)
      const { before, at } = call.query
      if (before === undefined || !isHtmx(call)) {
        return showChat(call, here, id, undefined, before ?? (await endOf(here.memories, id, at)))
      }
      const history = await readHistory(here.memories, id, { before, now: new Date() })
      return page(earlierItems({ ...history, composer: newComposer(here.userId, id) }))
    }),

    'POST /c/{id}/messages': route({ form: MessageForm }, (call) => say(call, opened)),

    'POST /c/{id}/m/{message}/edit': route({ form: EditedMessageForm }, (call) =>
      editMessage(call, opened),
    ),

    'POST /c/{id}/m/{message}/stop': route({ form: EmptyForm, uncounted: true }, async (call) => {
      const { chat } = await opened
      const [id, messageId] = [conversationOf(call.params), messageOf(call.params)]
      await chat.stop(sessionOf(call), messageId)
      return isHtmx(call) ? nothingToShow : seeOther(conversationPath(id))
    }),

    'POST /c/{id}/m/{message}/retry': route({ form: EmptyForm }, async (call) => {
      const { chat } = await opened
      const live = {
        conversationId: conversationOf(call.params),
        messageId: messageOf(call.params),
      }
      if (!(await chat.retry(sessionOf(call), live.messageId))) throw notFound('message')
      return isHtmx(call)
        ? page(retriedFragment(live))
        : seeOther(messagePath(live.conversationId, live.messageId, 'live'))
    }),

    'GET /c/{id}/m/{message}/memories': route({}, async (call) => {
      const here = await visit(call, opened)
      const { answer } = await here.memories.turn(messageOf(call.params))
      if (!answer) throw notFound('answer')
      const recalled = await readRecalled(here.memories, answer)
      if (isHtmx(call)) return page(recalledItems(answer.turn!.messageId, recalled))
      return page(recalledPage(await shellOf(call, here), answer, recalled))
    }),

    'POST /c/{id}/delete': route({ form: EmptyForm }, async (call) => {
      const { chat, store } = await opened
      const userId = sessionOf(call)
      const id = conversationOf(call.params)
      call.note({ deleted: await store.forUser(userId).deleteConversation(id) })
      await chat.forgetDeleted(userId)
      return seeOther('/')
    }),

    'POST /user': route({ form: UserForm }, async ({ form, caller }) =>
      seeOther('/', [caller.sessionCookie(caller.mustActAs(form.user_id, '/user_id'))]),
    ),

    'POST /theme': route({ form: ThemeForm }, async ({ form: { theme, back }, keepCookie }) =>
      seeOther(ownPath(back), [keepCookie('theme', theme)]),
    ),

    ...signInRoutes,
    ...memoryRoutes(opened),

    'GET /{path+}': route({ forStrangers: true }, async () => {
      throw notFound('page')
    }),
  },
)

async function showChat(
  call: Call,
  here: Awaited<ReturnType<typeof visit>>,
  conversationId: string | undefined,
  suggestedUserId?: string,
  before?: string,
) {
  const { notes } = await opened
  const shell = await shellOf(call, here, { conversationId, suggestedUserId })
  if (conversationId === undefined) {
    return page(chatPage(shell, emptyView(here.userId, notes)), { cookies: here.cookies })
  }
  const history = await readHistory(here.memories, conversationId, { before, now: new Date() })
  if (history.items.length === 0) throw notFound('conversation')
  const view = conversationView(history, { ...shell.visitor, conversationId }, notes)
  return page(chatPage(shell, view), { cookies: here.cookies })
}
