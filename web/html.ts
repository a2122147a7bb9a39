import { html as honoHtml, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'

/** HTML that is safe to put into a page: every value that went into it was escaped. */
export type Html = HtmlEscapedString

/** hono's template, for pages that wait for nothing: no value is a promise, so neither is the result. */
export const html = honoHtml as (strings: TemplateStringsArray, ...values: unknown[]) => Html

/** For text that is HTML already: what markdown-it rendered, and attributes written here. */
export { raw }

/** Markup for another place than the swap's own; htmx puts it there. `target` is a CSS selector. */
export const partial = (target: string, swap: string, content: Html | string) =>
  html`<hx-partial hx-target="${target}" hx-swap="${swap}">${content}</hx-partial>`
