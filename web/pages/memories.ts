import type { Recalled } from '../../lib/memory/recall.ts'
import type { Page } from '../../lib/memory/store.ts'
import { type Html, html } from '../html.ts'
import { document, type Shell } from '../layout.ts'
import { memoryItem } from '../partials/memory.ts'

/** What a search found, best first. */
export interface Found {
  readonly recalled: readonly Recalled[]
  /** False: nothing fits well, these least badly. */
  readonly isGood: boolean
}

/** Everything that is remembered about the reader: newest first, or what was searched for. */
export const memoriesPage = (
  shell: Shell,
  list: Page | Found,
  query: string,
  forgetAllWords: string,
): Html =>
  document(
    'Memories',
    shell,
    html`<div class="sheet">
<h1>Memories</h1>
<p class="hint">Everything remembered about you. What you forget here is gone from every answer.</p>
<form class="search" role="search" method="get" action="/memories" hx-get="/memories" hx-trigger="submit, input delay:200ms" hx-target="#found" hx-swap="outerHTML" hx-sync="this:replace">
<label class="sr" for="q">Search memories</label>
<input id="q" type="search" name="q" value="${query}" maxlength="4000" placeholder="Search memories" dir="auto" autocomplete="off">
</form>
<div id="alert" role="alert"></div>
${memoryList(list, query)}
<section class="all" aria-labelledby="all">
<h2 id="all">All of them</h2>
<p><a class="button" href="/memories/download" download="memories.jsonl">Download</a> One JSON object a line.</p>
${uploadForm}
${forgetAllForm(forgetAllWords)}
</section>
</div>`,
  )

export const memoryList = (list: Page | Found, query: string): Html =>
  html`<div id="found">${'recalled' in list ? foundItems(list, query) : listedItems(list)}</div>`

const foundItems = (
  { recalled, isGood }: Found,
  query: string,
) => html`<p class="hint" role="status">${
  recalled.length === 0
    ? html`Nothing found for “<bdi>${query}</bdi>”.`
    : isGood
      ? `${recalled.length} found, best first.`
      : 'Nothing fits well. The nearest:'
}</p>
<ol class="memories">${recalled.map(({ memory, score }) => memoryItem(memory, score))}</ol>`

const listedItems = (list: Page) =>
  list.memories.length === 0
    ? html`<p>Nothing yet. Whatever you say in a chat is remembered here.</p>`
    : html`<ol class="memories">${memoryItems(list)}</ol>`

/** A page of the list, and what fetches the next one when it comes into view. */
export const memoryItems = ({ memories, nextCursor }: Page): Html =>
  html`${memories.map((memory) => memoryItem(memory))}${
    nextCursor === undefined ? '' : moreItem(nextCursor)
  }`

const moreItem = (cursor: string) => {
  const path = `/memories?cursor=${encodeURIComponent(cursor)}`
  return html`<li class="more" id="more" hx-get="${path}" hx-trigger="intersect once" hx-swap="outerHTML"><a href="${path}">Show more</a></li>`
}

/** With a script the file is sent in parts, with a bar; without one its text can be pasted. */
const uploadForm = html`<form class="upload" method="post" action="/memories/upload" data-upload>
<label class="file" hidden>Upload a file of the same kind <input type="file" accept=".jsonl,.ndjson,application/x-ndjson"></label>
<details class="paste"><summary>Paste its lines instead</summary>
<label class="sr" for="lines">Lines of JSON</label>
<textarea id="lines" name="lines" rows="4" required spellcheck="false" dir="ltr"></textarea>
</details>
<button>Upload</button>
<progress max="1" value="0" aria-label="Upload" hidden></progress>
<p class="uploaded" role="status"></p>
</form>`

const forgetAllForm = (
  words: string,
) => html`<details class="erase"><summary>Forget everything</summary>
<form method="post" action="/memories/forget-all">
<p>Every memory and every conversation is deleted. This cannot be undone.</p>
<label for="confirm">Type “${words}”</label>
<input id="confirm" name="confirm" required autocomplete="off" autocapitalize="off" spellcheck="false">
<button class="danger">Forget all</button>
</form></details>`
