import type { Memory } from '../../lib/memory/memory.ts'
import { dateOf } from '../dates.ts'
import { type Html, html } from '../html.ts'
import { memoryPath } from '../paths.ts'
import { cut } from '../text.ts'
import { forgetForm, scoreMeter, sourceLink } from './recalled.ts'

/** Edit shows all of it. */
const SHOWN_CHARACTERS = 500

export const memoryItemId = (id: string) => `memory-${id}`

/** One memory in the list of all, or among what a search found. */
export const memoryItem = (memory: Memory, score?: number): Html => {
  const at = memoryItemId(memory.id)
  return html`<li id="${at}"${memory.pinned ? html` class="pinned"` : ''}>
<p class="said" dir="auto">${memory.speaker ? html`<b>${memory.speaker}:</b> ` : ''}${cut(memory.text, SHOWN_CHARACTERS)}</p>
<div class="about">${score === undefined ? '' : scoreMeter(score)} <span>${memory.role === 'user' ? 'You' : 'Assistant'}, ${dateOf(memory.ts)}</span>
${memory.pinned ? html`<span class="tag">Pinned</span>` : ''}
${memory.editedAt ? html`<span class="tag">Edited</span>` : ''}
${memory.tags.map((tag) => html`<span class="tag" dir="auto">${tag}</span>`)}
${sourceLink(memory)}
${pinForm(memory, at)}
${forgetForm(memory.id, at)}
${editForm(memory, at)}</div>
</li>`
}

const pinForm = ({ id, pinned }: Memory, at: string) => {
  const path = memoryPath(id, 'pin')
  return html`<form method="post" action="${path}" hx-post="${path}" hx-target="#${at}" hx-swap="outerHTML" hx-sync="this:drop"><input type="hidden" name="pinned" value="${pinned ? 'false' : 'true'}"><button>${pinned ? 'Unpin' : 'Pin'}</button></form>`
}

const editForm = ({ id, text, tags }: Memory, at: string) => {
  const path = memoryPath(id, 'edit')
  return html`<details class="change-memory"><summary>Edit</summary>
<form method="post" action="${path}" hx-post="${path}" hx-target="#${at}" hx-swap="outerHTML" hx-sync="this:drop">
<label for="t-${id}">Text</label>
<textarea id="t-${id}" name="text" rows="3" required dir="auto">${text}</textarea>
<label for="g-${id}">Tags, separated by commas</label>
<input id="g-${id}" name="tags" value="${tags.join(', ')}" dir="auto">
<button>Save</button>
</form></details>`
}
