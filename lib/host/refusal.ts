import { html as template } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import type { Problem } from '../errors.ts'
import { problemBody, securityHeaders } from '../function/replies.ts'

/** Nothing in these pages is a promise, so no page is one. */
const html = template as (...parts: Parameters<typeof template>) => HtmlEscapedString

/** What the host itself refuses: a problem to a program; to the page what it can show; to a reader a small page. */
export function refusal(request: Request, problem: Problem, requestId: string): Response {
  const { body, headers } = bodyFor(request, problem, requestId)
  return new Response(body, {
    status: problem.status,
    headers: {
      'cache-control': 'no-store',
      ...securityHeaders,
      ...problem.headers,
      ...headers,
      'x-request-id': requestId,
    },
  })
}

function bodyFor(request: Request, problem: Problem, requestId: string) {
  const isApi = new URL(request.url).pathname.startsWith('/api/')
  if (!isApi && request.headers.get('hx-request') === 'true') {
    return {
      body: wordsOf(problem).toString(),
      headers: { ...HTML, 'hx-retarget': '#alert', 'hx-reswap': 'innerHTML' },
    }
  }
  if (!isApi && request.headers.get('accept')?.includes('text/html')) {
    return { body: pageOf(problem).toString(), headers: HTML }
  }
  return {
    body: JSON.stringify(problemBody(problem, requestId)),
    headers: { 'content-type': 'application/problem+json' },
  }
}

const HTML = { 'content-type': 'text/html; charset=utf-8' }

/** The page counts the seconds of such a paragraph, as of its own. */
const wordsOf = ({ message, headers: { 'retry-after': seconds } }: Problem) =>
  html`<p>${message}${
    seconds === undefined
      ? ''
      : html` <span class="countdown" data-seconds="${seconds}">Try again in ${seconds} s.</span>`
  }</p>`

/** Without a file of its own: whoever is refused here would be refused that as well. */
const pageOf = (problem: Problem) => html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${problem.title}</title><meta name="viewport" content="width=device-width"></head>
<body><main><h1>${problem.title}</h1>${wordsOf(problem)}<p><a href="/">Back to the chat</a></p></main></body>
</html>
`
