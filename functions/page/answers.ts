import type { Problem } from '../../lib/errors.ts'
import type { BufferedReply, FunctionSpec } from '../../lib/function.ts'
import type { Html } from '../../web/html.ts'
import { problemAlert, problemPage } from '../../web/pages/problem.ts'
import { signInAlert, signInPage } from '../../web/pages/sign-in.ts'
import { bareShell } from './visit.ts'

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const HTML_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  // A browser may look up the hosts of links before anybody follows them: a name alone could carry a secret out.
  'x-dns-prefetch-control': 'off',
  // Under no-referrer a browser hides the origin of a form even from its own site; over plain http, where it sends no
  // Sec-Fetch-Site either, every form would look forged. Other sites still learn nothing.
  'referrer-policy': 'same-origin',
}

export const page = (
  content: Html,
  { status = 200, cookies = [] }: { status?: number; cookies?: readonly string[] } = {},
): BufferedReply => ({
  statusCode: status,
  headers: HTML_HEADERS,
  cookies,
  body: content.toString(),
})

/** The browser asks for the page anew, by GET. */
export const seeOther = (location: string, cookies: readonly string[] = []): BufferedReply => ({
  statusCode: 303,
  headers: { location },
  cookies,
})

/** For a form whose answer comes another way. */
export const nothingToShow: BufferedReply = { statusCode: 204 }

/** A form in the page is told beside the message box, everything else by a whole page. */
export const showProblem: NonNullable<FunctionSpec['showProblem']> = (
  problem,
  { requestId, isHtmx, path },
) => {
  const reply = page(isHtmx ? alertOf(problem) : pageOf(problem, requestId, path))
  const target = isHtmx ? { 'hx-retarget': '#alert', 'hx-reswap': 'innerHTML' } : {}
  return {
    ...reply,
    statusCode: problem.status,
    headers: { ...problem.headers, ...reply.headers, ...target },
  }
}

const alertOf = (problem: Problem) => (problem.status === 401 ? signInAlert : problemAlert(problem))

const pageOf = (problem: Problem, requestId: string, path = '/') =>
  problem.status === 401 ? signInPage(bareShell, path) : problemPage(bareShell, problem, requestId)
