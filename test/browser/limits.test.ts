import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHost } from '../support/host.ts'
import { chatPage } from './support/chat.ts'
import { launchBrowser, missingBrowser, openPage } from './support/chromium.ts'

describe.skipIf(missingBrowser)('a limit that is hit on the page', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())

  it.each([
    ['of the user', { RATE_LIMIT_USER: '1' }],
    // The page and its stream are counted too: view, message, stream, and no more.
    ['of the address', { RATE_LIMIT_ADDRESS: '3' }],
  ])(
    'is told with the seconds left, which are counted, and the text is kept: %s',
    async (_, env) => {
      await using host = await startHost({ env })
      const { page, context } = await openPage(browser)
      await page.goto(host.url)
      const chat = chatPage(page)
      await chat.ask('I play the oboe.')
      await chat.send('What do I play?')
      const countdown = chat.alert.locator('.countdown')
      await countdown.waitFor()
      expect(await chat.alert.innerText()).toMatch(/^There may be \d requests? a minute from one /)
      const seconds = async () => Number(/\d+/.exec(await countdown.innerText())?.[0])
      const before = await seconds()
      expect(before).toBeGreaterThan(1)
      await expect.poll(seconds).toBeLessThan(before)
      expect(await chat.box.inputValue()).toBe('What do I play?')
      expect(await chat.messages.count()).toBe(1)
      await context.close()
    },
  )

  it('is waited out by an upload, part after part', async () => {
    await using host = await startHost()
    const { page, context } = await openPage(browser)
    await page.goto(`${host.url}/memories`)
    let refusals = 0
    await page.route('**/memories/upload', (route) =>
      refusals++ === 0
        ? route.fulfill({ status: 429, headers: { 'retry-after': '1' }, body: '' })
        : route.continue(),
    )
    const line = { text: 'I play the oboe.', role: 'user', ts: '2026-03-01T12:00:00Z' }
    await page.locator('.upload [type=file]').setInputFiles({
      name: 'memories.jsonl',
      mimeType: 'application/x-ndjson',
      buffer: Buffer.from(JSON.stringify(line)),
    })
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    const told = page.locator('.uploaded')
    await told.getByText('Going on in 1 s: there is a limit of requests.').waitFor()
    await told.getByText('1 added, 0 skipped, 0 refused.').waitFor()
    expect(refusals).toBe(2)
    await context.close()
  })
})
