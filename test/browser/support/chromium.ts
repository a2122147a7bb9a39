import { existsSync } from 'node:fs'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
]
/** No sandbox: containers have none. Nothing but the product's own pages is ever loaded. */
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A name that no browser trusts, for what differs over plain http.
  '--host-resolver-rules=MAP lan.test 127.0.0.1',
]

/** Why the tests in a browser cannot run here; undefined where they can. */
export const missingBrowser: string | undefined = whyMissing()

function whyMissing(): string | undefined {
  if (PLACES.some((place) => existsSync(place))) return undefined
  const reason = `There is no Chromium at ${PLACES.join(', ')}.`
  if (process.env['CI'] === 'true') throw new Error(`${reason} CI has to install one.`)
  console.warn(`Skipped: ${reason}`)
  return reason
}

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: PLACES.find((place) => existsSync(place))!,
    args: ARGUMENTS,
  })
}

/** A page and whatever went wrong in it: errors of scripts, of the console, and violations of its policy. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page
  readonly context: BrowserContext
  readonly faults: string[]
}

export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  context.setDefaultTimeout(8000)
  const page = await context.newPage()
  return { page, context, faults: watchFaults(page), [Symbol.asyncDispose]: () => context.close() }
}

export function watchFaults(page: Page): string[] {
  const faults: string[] = []
  page.on('pageerror', ({ message }) => faults.push(message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text())
  })
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  return faults
}
