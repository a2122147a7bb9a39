import { type Html, raw } from '../html.ts'

const svg = (paths: string): Html =>
  raw(
    `<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${paths}</svg>`,
  )

/** Decoration: whatever carries one also carries words. */
export const icon = {
  logo: svg(
    '<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3 2"/><path d="M3.5 9.5 6 8M3.5 14.5 6 16"/>',
  ),
  menu: svg('<path d="M4 7h16M4 12h16M4 17h10"/>'),
  memories: svg('<path d="M6 4h12v16l-6-4-6 4z"/>'),
  plus: svg('<path d="M12 5v14M5 12h14"/>'),
  send: svg('<path d="M12 19V5M6 11l6-6 6 6"/>'),
  stop: svg('<rect x="7" y="7" width="10" height="10" rx="1.5" fill="currentColor"/>'),
  user: svg('<circle cx="12" cy="8.5" r="3.5"/><path d="M5 20c.8-3.5 3.6-5 7-5s6.2 1.5 7 5"/>'),
} as const
