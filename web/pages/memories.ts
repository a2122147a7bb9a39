import type { Page } from '../../lib/memory/store.ts'
import { type Html, html } from '../html.ts'
import { document, type Shell } from '../layout.ts'
import { memoryItem } from '../partials/memory.ts'

/** Everything that is remembered about the reader, newest first. */
export const memoriesPage = (shell: Shell, list: Page): Html =>
  document(
    'Memories',
    shell,
    html`<div class="sheet">
<h1>Memories</h1>
<p class="hint">Everything remembered about you, newest first. What you forget here is gone from every answer.</p>
<div id="alert" role="alert"></div>
<ol class="memories" id="memories">${memoryItems(list)}</ol>
${list.memories.length === 0 ? html`<p>Nothing yet. Whatever you say in a chat is remembered here.</p>` : ''}
</div>`,
  )

/** A page of the list, and what fetches the next one when it comes into view. */
export const memoryItems = ({ memories, nextCursor }: Page): Html =>
  html`${memories.map(memoryItem)}${nextCursor === undefined ? '' : moreItem(nextCursor)}`

const moreItem = (cursor: string) => {
  const path = `/memories?cursor=${cursor}`
  return html`<li class="more" id="more"><a href="${path}">Show more</a></li>`
}
