import type { Problem } from '../../lib/errors.ts'
import { type Html, html } from '../html.ts'
import { document, type Shell } from '../layout.ts'

/** What a form is answered in place when it was refused: one small paragraph. */
export const problemAlert = (problem: Problem): Html => {
  const seconds = problem.headers['retry-after']
  const faults = problem.errors?.map(({ message }) => message) ?? []
  return html`<p>${faults.length > 0 ? faults.join(' ') : problem.message}${
    seconds && /^\d+$/.test(seconds)
      ? html` <span class="countdown" data-seconds="${seconds}">Try again in ${seconds} s.</span>`
      : ''
  }</p>`
}

/** A whole page for a reader who followed a link to nowhere, or whose form was refused without a script. */
export const problemPage = (shell: Shell, problem: Problem, requestId: string): Html =>
  document(
    problem.title,
    shell,
    html`<div class="problem">
<h1>${problem.title}</h1>
${problemAlert(problem)}
<p><a class="button" href="/">Back to the chat</a></p>
${problem.status >= 500 ? html`<p class="hint">Request id: <code>${requestId}</code></p>` : ''}
</div>`,
  )
