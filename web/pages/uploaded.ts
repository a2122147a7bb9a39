import { type Html, html } from '../html.ts'
import { document, type Shell } from '../layout.ts'

/** What became of the lines of a file. */
export interface Uploaded {
  readonly added: number
  /** Remembered already. */
  readonly skipped: number
  readonly refused: readonly { readonly line: number; readonly message: string }[]
}

/** For a reader without a script. */
export const uploadedPage = (shell: Shell, { added, skipped, refused }: Uploaded): Html =>
  document(
    'Uploaded',
    shell,
    html`<div class="sheet">
<h1>Uploaded</h1>
<p>${added} added, ${skipped} skipped, ${refused.length} refused.</p>
<ul>${refused.map(({ line, message }) => html`<li dir="auto">Line ${line}: ${message}</li>`)}</ul>
<p><a class="button" href="/memories">Back to the memories</a></p>
</div>`,
  )
