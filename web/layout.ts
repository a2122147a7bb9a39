import type { ConversationSummary } from '../lib/memory/store.ts'
import { type Html, html, raw } from './html.ts'
import { accountPanel } from './partials/account.ts'
import { conversationList } from './partials/conversations.ts'
import { icon } from './partials/icons.ts'
import { REPOSITORY_URL, SITE_NAME } from './site.ts'

export type Theme = 'auto' | 'light' | 'dark'
export const themes: readonly Theme[] = ['auto', 'light', 'dark']

/** Addresses of the page's own files. */
export interface AssetPaths {
  readonly script: string
  readonly style: string
  readonly icon: string
}

/** What stands around every page. */
export interface Shell {
  readonly assets: AssetPaths
  readonly theme: Theme
  /** Where the reader is, to come back to. */
  readonly path: string
  /** None on a page that is nobody's, such as a 404 to a stranger. */
  readonly visitor?: Visitor | undefined
}

export interface Visitor {
  readonly userId: string
  /** By a key; undefined where none is asked for. */
  readonly signedIn?: SignedIn | undefined
  /** Fills in the form that changes the user. */
  readonly suggestedUserId?: string | undefined
  readonly conversations: readonly ConversationSummary[]
  readonly conversationId?: string | undefined
}

export interface SignedIn {
  /** What the key is called. */
  readonly label: string
  /** Whether it speaks for every user. */
  readonly isAdmin: boolean
}

const htmxConfig = JSON.stringify({
  extensions: 'sse',
  includeIndicatorCSS: false,
  history: false,
  morphIgnore: ['data-htmx-powered', 'open'],
})

/** All of a document before its main content; it may leave while the rest is still being made. */
export const documentStart = (title: string, shell: Shell): Html => html`<!doctype html>
<html lang="en" data-theme="${shell.theme}">
<head>
<meta charset="utf-8">
<title>${title === SITE_NAME ? title : `${title} · ${SITE_NAME}`}</title>
<meta name="viewport" content="width=device-width,initial-scale=1,interactive-widget=resizes-content">
<meta name="description" content="A chatbot that remembers what you told it.">
<meta name="htmx-config" content="${htmxConfig}">
<link rel="icon" type="image/svg+xml" href="${shell.assets.icon}">
<link rel="stylesheet" href="${shell.assets.style}">
<script src="${shell.assets.script}" defer></script>
</head>
<body${shell.visitor ? '' : raw(' class="bare"')}>
<a class="skip" href="#main">Skip to content</a>
${topBar(shell)}
${shell.visitor ? sidebar(shell, shell.visitor) : ''}
<main id="main" tabindex="-1">`

export const documentEnd: Html = html`</main>
</body>
</html>
`

export const document = (title: string, shell: Shell, content: Html): Html =>
  html`${documentStart(title, shell)}${content}${documentEnd}`

const topBar = (shell: Shell) => html`<header class="bar">
${
  shell.visitor
    ? html`<button type="button" class="icon menu" popovertarget="side" aria-label="Conversations">${icon.menu}</button>`
    : ''
}
<a class="brand" href="/">${icon.logo}<span>${SITE_NAME}</span></a>
<nav class="links" aria-label="Site">
<a href="${REPOSITORY_URL}" rel="noopener">Source code</a>
</nav>
${shell.visitor ? accountPanel(shell, shell.visitor) : ''}
</header>`

const isAt = (shell: Shell, path: string) =>
  shell.path === path ? raw(' aria-current="page"') : ''

const sidebar = (
  shell: Shell,
  { conversations, conversationId }: Visitor,
) => html`<nav id="side" class="side" popover aria-label="Conversations">
<a class="new" href="/new">${icon.plus}New chat</a>
<a class="goto" href="/memories"${isAt(shell, '/memories')}>${icon.memories}Memories</a>
${conversationList(conversations, conversationId)}
</nav>`
