import { type Html, html } from '../html.ts'
import { conversationPath, messagePath } from '../paths.ts'
import { icon } from './icons.ts'

export interface Composer {
  /** Whose page this is. Another tab may have changed the user since: what is typed here is not for that one. */
  readonly userId: string
  readonly conversationId: string
  /** Of the message to be written: sent twice, it is one. */
  readonly messageId: string
  /** Where a message is kept in this browser until it is sent; the address may be another one by then. */
  readonly draftKey: string
  readonly draft?: string | undefined
  /** What is shown does not end with the latest message, so nothing can be added to it: the page is loaded anew. */
  readonly reloads?: boolean | undefined
}

/** `stops` holds what ends the answers that are being made; the latest one takes the place of Send. */
export const composer = (of: Composer, stops: Html, notes: readonly string[]): Html => {
  const path = `${conversationPath(of.conversationId)}/messages`
  return html`<div class="write">
<form id="composer" method="post" action="${path}"${of.reloads ? '' : html` hx-post="${path}" hx-target="#log" hx-swap="beforeend" hx-sync="this:drop"`}>
${composerFields(of)}
<button class="send" aria-label="Send" title="Send">${icon.send}</button>
</form>
<div id="stops">${stops}</div>
<p class="notes">${notes.join(' ')}</p>
</div>`
}

/** What is new after each message: an empty box, and the id of the next message. */
export const composerFields = ({
  userId,
  messageId,
  draftKey,
  draft = '',
}: Composer): Html => html`<div class="fields" id="fields">
<input type="hidden" name="message_id" value="${messageId}"><input type="hidden" name="user_id" value="${userId}">
<label class="sr" for="message">Message</label>
<textarea id="message" name="text" rows="1" required dir="auto" placeholder="Message" enterkeyhint="send" autocomplete="off" data-draft="${draftKey}">${draft}</textarea>
</div>`

export const stopForm = (conversationId: string, messageId: string): Html => {
  const path = messagePath(conversationId, messageId, 'stop')
  return html`<form id="stop-${messageId}" class="stop" method="post" action="${path}" hx-post="${path}" hx-swap="none"><button aria-label="Stop" title="Stop">${icon.stop}</button></form>`
}
