import type { Memory } from '../../lib/memory/memory.ts'
import type { Recalled } from '../../lib/memory/recall.ts'
import { type Html, html } from '../html.ts'
import { document, type Shell } from '../layout.ts'
import { recalledItems } from '../partials/recalled.ts'
import { conversationPath } from '../paths.ts'

/** The memories of one answer, for a reader without a script. */
export const recalledPage = (shell: Shell, answer: Memory, recalled: readonly Recalled[]): Html =>
  document(
    'Memories used',
    shell,
    html`<div class="sheet">
<h1>Memories used</h1>
<blockquote dir="auto">${answer.text}</blockquote>
${recalledItems(answer.turn!.messageId, recalled)}
<p><a class="button" href="${conversationPath(answer.conversationId!)}">Back to the chat</a></p>
</div>`,
  )
