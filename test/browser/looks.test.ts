import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHost, type TestHost } from '../support/host.ts'
import { chatPage, speak } from './support/chat.ts'
import { launchBrowser, missingBrowser, openPage } from './support/chromium.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

describe.skipIf(missingBrowser)('how the page looks and weighs', () => {
  let browser: Browser
  let host: TestHost
  beforeAll(async () => {
    ;[browser, host] = await Promise.all([launchBrowser(), startHost({ staged: true })])
  })
  afterAll(async () => {
    await browser.close()
    await host[Symbol.asyncDispose]()
  })

  async function open(options: BrowserContextOptions = {}) {
    const opened = await openPage(browser, options)
    await opened.page.goto(host.url)
    return { ...opened, chat: chatPage(opened.page) }
  }

  /** What axe finds wrong, best practices included. */
  async function violations(page: Page): Promise<string[]> {
    await page.evaluate(AXE)
    const found = await page.evaluate<{
      violations: { id: string; nodes: { html: string }[] }[]
    }>('axe.run({ resultTypes: ["violations"] })')
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`)
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`is accessible in every state, ${colorScheme}`, async () => {
      const { page, chat, context, faults } = await open({ colorScheme })
      expect(await violations(page)).toEqual([])
      await page.locator('.who').click()
      expect(await violations(page)).toEqual([])
      await page.keyboard.press('Escape')
      await chat.ask('My piano is a Bösendorfer.')
      await page.goto(`${host.url}/new`)
      const markdown =
        '## Piano\n\nA `Bösendorfer`, **yes**: [link](https://example.com)\n\n| a | b |\n|-|-|\n| 1 | 2 |\n\n> quoted\n\n```\nlet x = 1\n```\n\nEnd.'
      await chat.send(speak(`piano Bösendorfer\n\n${markdown}`, { size: 4, apartMs: 30 }))
      await chat.answer.locator('table').waitFor()
      expect(await violations(page)).toEqual([])
      await chat.settled()
      for (const summary of await page.locator('details > summary:visible').all()) {
        await summary.click()
      }
      expect(await page.locator('.memories .score').count()).toBeGreaterThan(0)
      expect(await violations(page)).toEqual([])
      await chat.ask(speak('Half.', { failsAs: 'unavailable' }))
      await chat.send('z'.repeat(4001))
      await chat.alert.getByText('are allowed').waitFor()
      expect(await violations(page)).toEqual([])
      await page.goto(`${host.url}/memories`)
      for (const summary of await page.locator('details > summary:visible').all()) {
        await summary.click()
      }
      expect(await violations(page)).toEqual([])
      expect(faults.filter((fault) => !fault.includes('422'))).toEqual([])
      await page.goto(`${host.url}/nowhere`)
      expect(await violations(page)).toEqual([])
      await context.close()
    }, 60_000)
  }

  it('fits every width from 320 px to 4K, and opens its side list on a phone', async () => {
    const { page, chat, context } = await open()
    const long = `${'Donaudampfschifffahrtsgesellschaft'.repeat(6)} | a | b |`
    await chat.ask(
      speak(
        `${long}\n\n\`\`\`\n${long}${long}\n\`\`\`\n\n| ${'x | '.repeat(30)}\n|${'-|'.repeat(30)}`,
      ),
    )
    await page.locator('#chats a').first().waitFor()
    const addresses = [page.url(), `${host.url}/new`, `${host.url}/memories`, `${host.url}/nowhere`]
    for (const address of addresses) {
      await page.goto(address)
      for (const width of [320, 390, 768, 1280, 3840]) {
        await page.setViewportSize({ width, height: 800 })
        const { scrollWidth } = await page
          .locator('html')
          .evaluate(({ scrollWidth }) => ({ scrollWidth }))
        expect(scrollWidth).toBeLessThanOrEqual(width)
      }
    }
    await page.setViewportSize({ width: 390, height: 800 })
    await page.goto(host.url)
    expect(await page.locator('#chats').isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Conversations' }).click()
    expect(await page.locator('#chats').isVisible()).toBe(true)
    await page.keyboard.press('Escape')
    expect(await page.locator('#chats').isVisible()).toBe(false)
    await context.close()
  })

  it('sets right-to-left text from right to left, beside text that is not', async () => {
    const { page, chat, context } = await open()
    await chat.ask('أنا أحب القهوة')
    const side = (of: string) =>
      page
        .locator(of)
        .evaluate((text) => text.ownerDocument.defaultView.getComputedStyle(text).direction)
    expect(await side('.user .text')).toBe('rtl')
    await chat.box.fill('שלום')
    expect(await side('#message')).toBe('rtl')
    await chat.ask('I like coffee.')
    expect(await side('.msg.user:nth-of-type(3) .text')).toBe('ltr')
    await context.close()
  })

  it('is used by keyboard alone', async () => {
    const { page, chat, context } = await open()
    await chat.ask('The spare key is under the pot.')
    await page.goto(`${host.url}/memories`)
    await page.keyboard.press('Tab')
    expect(await page.locator(':focus').innerText()).toBe('Skip to content')
    await page.keyboard.press('Enter')
    expect(await page.locator('main:focus').count()).toBe(1)
    await page.goto(host.url)
    await page.locator('#message:focus').waitFor()
    const reached: (string | null)[] = []
    for (let presses = 0; presses < 8; presses++) {
      await page.keyboard.press('Shift+Tab')
      const focus = page.locator(':focus')
      reached.push((await focus.getAttribute('aria-label')) ?? (await focus.innerText()))
    }
    expect(reached).toEqual(
      expect.arrayContaining(['Retry', 'Copy', 'Edit', 'Conversation', 'Delete']),
    )
    await context.close()
  })

  it('loads in at most 25 KB and 5 requests, all its own, and its files never again', async () => {
    const { chat, context } = await open()
    await chat.ask('A first turn.')
    const fresh = await openPage(browser, { storageState: await context.storageState() })
    const requests: Promise<{ url: string; bytes: number; cache: string | undefined }>[] = []
    fresh.page.on('response', (response) => {
      const weigh = async () => ({
        url: response.url(),
        bytes: gzipSync(await response.body()).length,
        cache: response.headers()['cache-control'],
      })
      requests.push(weigh())
    })
    await fresh.page.goto(host.url, { waitUntil: 'networkidle' })
    const loaded = await Promise.all(requests)
    expect(loaded.length).toBeLessThanOrEqual(5)
    expect(loaded.every(({ url }) => url.startsWith(host.url))).toBe(true)
    const bytes = loaded.reduce((sum, one) => sum + one.bytes, 0)
    expect(bytes).toBeLessThan(25_000)
    for (const { url, cache } of loaded) {
      expect(cache).toBe(
        url.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-store',
      )
    }
    await fresh.context.close()
    await context.close()
  })

  it('shifts nothing while an answer streams', async () => {
    const { page, chat, context } = await open()
    await chat.ask('My boat is called Aurora.')
    const blocks = 'The boat Aurora.\n\n- one\n- two\n\n```\ncode\ncode\n```'
    await chat.send(speak(blocks, { size: 6, apartMs: 10, times: 14 }))
    await chat.answer.locator('pre').first().waitFor()
    await page.evaluate(`
      window.shifts = []
      new PerformanceObserver((list) => {
        for (const { value, sources } of list.getEntries()) {
          shifts.push(value.toFixed(4) + ' ' + sources.map(({ node }) => node?.className || node?.nodeName))
        }
      }).observe({ type: 'layout-shift', buffered: false })`)
    await chat.answer.locator('pre').nth(12).waitFor()
    await chat.settled()
    await page.waitForTimeout(100)
    expect(await page.evaluate('shifts')).toEqual([])
    await context.close()
  })
})
