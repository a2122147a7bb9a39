import { html } from './html.ts'

const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' })
const minute = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'short',
  timeZone: 'UTC',
})

/** A day, with the minute in its tooltip. In UTC: the server does not know where the reader is. */
export const dateOf = (at: Date) =>
  html`<time datetime="${at.toISOString()}" title="${minute.format(at)} UTC">${day.format(at)}</time>`
