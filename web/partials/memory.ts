import type { Memory } from '../../lib/memory/memory.ts'
import { dateOf } from '../dates.ts'
import { type Html, html } from '../html.ts'
import { forgetForm, sourceLink } from './recalled.ts'

export const memoryItemId = (id: string) => `memory-${id}`

/** One memory in the list of all. */
export const memoryItem = (memory: Memory): Html => {
  const at = memoryItemId(memory.id)
  return html`<li id="${at}">
<p class="said" dir="auto">${memory.speaker ? html`<b>${memory.speaker}:</b> ` : ''}${memory.text}</p>
<div class="about"><span>${memory.role === 'user' ? 'You' : 'Assistant'}, ${dateOf(memory.ts)}</span>
${memory.tags.map((tag) => html`<span class="tag" dir="auto">${tag}</span>`)}
${sourceLink(memory)}
${forgetForm(memory.id, at)}</div>
</li>`
}
