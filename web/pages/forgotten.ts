import { type Html, html } from '../html.ts'
import { document, type Shell } from '../layout.ts'
import { type Forgotten, undoForm } from '../partials/forgotten.ts'
import { cut } from '../text.ts'

/** For a reader without a script: what was forgotten, and the way to have it back. */
export const forgottenPage = (
  shell: Shell,
  forgotten: Forgotten,
  text: string,
  back: string,
): Html =>
  document(
    'Forgotten',
    shell,
    html`<div class="sheet">
<h1>Forgotten</h1>
<blockquote dir="auto">${cut(text, 400)}</blockquote>
${undoForm(forgotten)}
<p><a class="button" href="${back}">Back</a></p>
</div>`,
  )
