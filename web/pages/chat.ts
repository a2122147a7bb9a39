import type { Memory } from '../../lib/memory/memory.ts'
import type { Recalled } from '../../lib/memory/recall.ts'
import { type Html, html, partial, raw } from '../html.ts'
import { document, documentEnd, documentStart, type Shell } from '../layout.ts'
import { type Composer, composer, composerFields, stopForm } from '../partials/composer.ts'
import { conversationList, titleOf } from '../partials/conversations.ts'
import {
  finishedArticle,
  type LiveAnswer,
  liveArticle,
  messageArticle,
  missingArticle,
} from '../partials/message.ts'
import { mayChangeUser, userForm } from '../partials/account.ts'
import { conversationPath } from '../paths.ts'
import { SITE_NAME } from '../site.ts'

/** One thing in a conversation, as it is drawn. */
export type ChatItem =
  | { readonly type: 'message'; readonly message: Memory; readonly isLast: boolean }
  | { readonly type: 'answer'; readonly answer: Memory; readonly recalled?: readonly Recalled[] }
  | ({ readonly type: 'live' } & LiveAnswer)
  | { readonly type: 'missing'; readonly conversationId: string; readonly messageId: string }

export interface ChatView {
  readonly title: string
  /** Oldest first. */
  readonly items: readonly ChatItem[]
  /** Of the oldest item, where there is more before it. */
  readonly earlierThan?: string | undefined
  readonly composer: Composer
  /** Ids for the example messages, so that one clicked twice is one. */
  readonly exampleIds: readonly string[]
  readonly notes: readonly string[]
  /** What went wrong with the message that was sent. */
  readonly alert?: Html | undefined
}

export const chatPage = (shell: Shell, view: ChatView): Html =>
  document(
    view.title,
    shell,
    html`${chatStart(shell, view)}${view.items.map(chatItem)}${chatEnd(view)}`,
  )

/** The page up to its last item, and from there on: between the two an answer can be streamed. */
export const chatPageStart = (shell: Shell, view: ChatView): Html =>
  html`${documentStart(view.title, shell)}${chatStart(shell, view)}${view.items.map(chatItem)}`
export const chatPageEnd = (view: ChatView): Html => html`${chatEnd(view)}${documentEnd}`

const chatStart = (
  shell: Shell,
  view: ChatView,
) => html`<h1 class="sr" dir="auto">${view.title}</h1>
${shell.visitor?.suggestedUserId && mayChangeUser(shell.visitor) ? suggestion(shell.visitor.suggestedUserId) : ''}
<div class="scroll" id="scroll" role="region" tabindex="0" aria-label="Conversation"><div id="log" role="log" aria-live="off" aria-label="Messages">
${view.earlierThan ? earlierLink(view.composer.conversationId, view.earlierThan) : ''}
${view.items.length === 0 ? welcome(view) : ''}`

const chatEnd = (view: ChatView) => html`${
  view.composer.reloads
    ? html`<p id="later"><a href="${conversationPath(view.composer.conversationId)}">Show the latest messages</a></p>`
    : ''
}</div></div>
<div class="foot">
<button type="button" id="down" hidden>Jump to latest</button>
<div id="alert" role="alert">${view.alert ?? ''}</div>
<p id="status" role="status" class="sr"></p>
${composer(
  view.composer,
  html`${view.items.map((item) =>
    item.type === 'live' ? stopForm(item.conversationId, item.messageId) : '',
  )}`,
  view.notes,
)}
</div>
<template id="offline"><p>The connection is lost. Your text is kept. <button type="submit" form="composer">Send again</button></p></template>`

export const chatItem = (item: ChatItem): Html => {
  if (item.type === 'message') return messageArticle(item.message, item)
  if (item.type === 'answer') return finishedArticle(item)
  if (item.type === 'live') return liveArticle(item)
  return missingArticle(item.conversationId, item.messageId)
}

const examples = [
  'I am vegetarian, and I love Thai food.',
  'My sister Mara is getting married in June.',
  'What do you remember about me?',
] as const
export const EXAMPLES = examples.length

const welcome = ({ composer: { conversationId, userId }, exampleIds }: ChatView) => {
  const path = `${conversationPath(conversationId)}/messages`
  return html`<div class="welcome">
<p class="lead">Tell me something. I will remember it.</p>
<p>Whatever you say is kept for you alone, and comes back when it helps: later in this chat, in a new one, or next month.</p>
<ul>${examples.map(
    (text, index) =>
      html`<li><form method="post" action="${path}" hx-post="${path}" hx-target="#log" hx-swap="beforeend" hx-sync="this:drop"><input type="hidden" name="message_id" value="${exampleIds[index]}"><input type="hidden" name="user_id" value="${userId}"><button name="text" value="${text}">${text}</button></form></li>`,
  )}</ul>
</div>`
}

const suggestion = (userId: string) => html`<section class="suggestion" aria-label="Change user">
${userForm('suggested', userId)}
</section>`

const earlierLink = (conversationId: string, before: string) => {
  const path = `${conversationPath(conversationId)}?before=${before}`
  return html`<p id="earlier"><a href="${path}" hx-get="${path}" hx-trigger="click, intersect once" hx-target="#earlier" hx-swap="outerHTML" hx-sync="this:drop">Show earlier messages</a></p>`
}

/** Older items, in the place of the link that asked for them. */
export const earlierItems = (view: Pick<ChatView, 'items' | 'earlierThan' | 'composer'>): Html =>
  html`${view.earlierThan ? earlierLink(view.composer.conversationId, view.earlierThan) : ''}${view.items.map(chatItem)}`

/** What a message that was just sent changes on the page; the articles go to the end of the log. */
export interface SentView {
  readonly items: readonly ChatItem[]
  readonly live: LiveAnswer
  readonly composer: Composer
  readonly visitor: NonNullable<Shell['visitor']>
  readonly title: string
  /** The message that this one replaces. */
  readonly replaces?: string | undefined
}

export const sentFragment = (view: SentView): Html => html`${view.items.map(chatItem)}
${view.replaces ? html`${partial(`#u-${view.replaces}`, 'delete', '')}${partial(`#a-${view.replaces}`, 'delete', '')}` : ''}
${partial('#fields', 'outerHTML', composerFields(view.composer))}${partial('#alert', 'innerHTML', '')}${startedPartials(view.live)}${partial(
  '#chats',
  'outerHTML',
  conversationList(view.visitor.conversations, view.visitor.conversationId),
)}<title>${titleOf(view.title)} · ${SITE_NAME}</title>`

/** An answer that is made anew stands where the old one stood. */
export const retriedFragment = (live: LiveAnswer): Html =>
  html`${liveArticle(live)}${startedPartials(live)}${partial('#alert', 'innerHTML', raw(''))}`

const startedPartials = ({ conversationId, messageId }: LiveAnswer) =>
  html`${partial('#stops', 'beforeend', stopForm(conversationId, messageId))}${partial('#status', 'textContent', 'The assistant is answering')}`
