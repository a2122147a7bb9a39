import type { ConversationSummary } from '../../lib/memory/store.ts'
import { html, raw } from '../html.ts'
import { cut } from '../text.ts'

/** The reader's conversations, the newest first; the open one can be deleted. */
export const conversationList = (
  conversations: readonly ConversationSummary[],
  openId: string | undefined,
) =>
  html`<ul id="chats">${conversations.map(
    ({ id, title }) =>
      html`<li><a href="/c/${id}" dir="auto"${id === openId ? raw(' aria-current="page"') : ''}>${titleOf(title)}</a>${
        id === openId ? deleteConversation(id) : ''
      }</li>`,
  )}</ul>`

/** A title fits a line; the rest of the message is in the conversation. */
export const titleOf = (firstMessage: string): string =>
  cut(firstMessage.replaceAll(/\s+/g, ' ').trim(), 60)

const deleteConversation = (
  id: string,
) => html`<button type="button" class="quiet" popovertarget="delete">Delete</button>
<form id="delete" class="panel" popover method="post" action="/c/${id}/delete">
<p>Delete this conversation? All that was said in it is forgotten.</p>
<button class="danger">Delete</button> <button type="button" popovertarget="delete" popovertargetaction="hide">Keep it</button>
</form>`
