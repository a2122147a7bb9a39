import type { BrowserContextOptions } from 'playwright-core'
import { chatPage } from '../test/browser/support/chat.ts'
import { launchBrowser, openPage } from '../test/browser/support/chromium.ts'

/**
 * Takes the pictures in docs/images of a service that has no memories yet:
 *
 *   DATA_DIR="$(mktemp -d)" npm start          in one terminal
 *   npm run docs:pictures [-- URL]             in another
 */
const url = process.argv[2] ?? 'http://localhost:8000'
const user = 'ada'

/** What was said earlier, each in a conversation of its own. */
const said = [
  { daysAgo: 45, text: 'I moved to Lisbon for the new job.' },
  { daysAgo: 31, text: 'My sister Mara is getting married in June.' },
  { daysAgo: 20, text: 'I am allergic to peanuts, so please no satay.' },
  { daysAgo: 9, text: 'For Mara’s wedding I promised to play the cello.' },
]
const asked = [
  'What did I promise for the wedding?',
  'I bought a blue suit for it today.',
  'What am I allergic to?',
]

await ingest()
const browser = await launchBrowser()
const conversation = await talk()
await take('desktop', { viewport: { width: 1280, height: 800 } }, { withReasons: true })
await take('dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' })
await take('mobile', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
await browser.close()

async function ingest(): Promise<void> {
  const items = said.map(({ daysAgo, text }, index) => ({
    role: 'user',
    text,
    ts: new Date(Date.now() - daysAgo * 86_400_000).toISOString(),
    conversation_id: `earlier-${index}`,
  }))
  const answer = await fetch(`${url}/api/ingest`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: user, items }),
  })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
}

/** Has the conversation on the page; its address. */
async function talk(): Promise<string> {
  await using opened = await openAs({})
  const { page } = opened
  await page.goto(`${url}/new`)
  for (const message of asked) await chatPage(page).ask(message)
  return page.url()
}

async function take(
  name: string,
  options: BrowserContextOptions,
  { withReasons = false } = {},
): Promise<void> {
  await using opened = await openAs(options)
  const { page } = opened
  await page.goto(conversation)
  const memories = chatPage(page).answer.locator('details.used')
  await memories.locator('summary').first().click()
  if (withReasons) await memories.locator('.why summary').first().click()
  await page.locator('#scroll').evaluate((log) => {
    log.scrollTop = log.scrollHeight
  })
  await page.mouse.move(0, 0) // Nothing is pointed at.
  await page.screenshot({ path: `docs/images/page-${name}.png` })
}

async function openAs(options: BrowserContextOptions) {
  const opened = await openPage(browser, options)
  const { page } = opened
  await page.goto(`${url}/?user_id=${user}`)
  await page.locator('section.suggestion').getByRole('button').click()
  await page.locator('.who', { hasText: user }).waitFor()
  return opened
}
