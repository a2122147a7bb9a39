import { type Html, html } from '../html.ts'
import { memoryPath } from '../paths.ts'

export interface Forgotten {
  readonly memoryId: string
  /** The memory itself, sealed: only this user's Undo, and only for a while, can open it. */
  readonly sealed: string
  /** The list item it stood in; none where there is no script. */
  readonly at?: string | undefined
  readonly messageId?: string | undefined
}

/** Where a forgotten memory stood, for as long as it can be had back. */
export const forgottenItem = (forgotten: Forgotten): Html =>
  html`<li id="${forgotten.at}" class="forgotten"><span role="status">Forgotten.</span> ${undoForm(forgotten)}</li>`

export const undoForm = ({ memoryId, sealed, at, messageId }: Forgotten): Html => {
  const path = memoryPath(memoryId, 'restore')
  return html`<form method="post" action="${path}" hx-post="${path}" hx-target="#${at ?? 'main'}" hx-swap="outerHTML" hx-sync="this:drop">
<input type="hidden" name="memory" value="${sealed}">${
    messageId === undefined
      ? ''
      : html`<input type="hidden" name="message_id" value="${messageId}">`
  }<button>Undo</button></form>`
}
