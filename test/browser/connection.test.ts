import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { STORE_FILE } from '../../lib/memory/store-file.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { chatPage, speak } from './support/chat.ts'
import { launchBrowser, missingBrowser, openPage } from './support/chromium.ts'
import { startProxy } from './support/proxy.ts'

const WORDS = 'say 60 words, 30 ms apart'
const ALL_WORDS = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ')

/** As when the half minute has passed that the lease of a killed process lasts. */
function forgetLeases(dataDir: string) {
  const file = new DatabaseSync(join(dataDir, STORE_FILE))
  file.exec('DELETE FROM leases')
  file.close()
}

describe.skipIf(missingBrowser)('a connection that fails', () => {
  let browser: Browser
  let host: TestHost
  beforeAll(async () => {
    ;[browser, host] = await Promise.all([launchBrowser(), startHost({ staged: true })])
  })
  afterAll(async () => {
    await browser.close()
    await host[Symbol.asyncDispose]()
  })

  async function open(url = host.url) {
    const opened = await openPage(browser)
    await opened.page.goto(url)
    return { ...opened, chat: chatPage(opened.page) }
  }

  it('goes on after a reload, from what was said already', async () => {
    const { page, chat, context, faults } = await open()
    await chat.send(speak('First paragraph of it.\n\nSecond one, which is longer.', { times: 8 }))
    // A checkpoint is written every second: what it holds is in the page before any stream.
    await page.waitForTimeout(1200)
    await page.reload({ waitUntil: 'commit' })
    await page.locator('.assistant .text').waitFor()
    expect(await chat.answer.locator('.text').innerText()).toContain('First paragraph')
    await chat.settled()
    expect(await chat.answer.locator('.text p').count()).toBe(16)
    expect(faults).toEqual([])
    await context.close()
  })

  it('has the answer made though the page was left before its first word', async () => {
    const { page, chat, context } = await open()
    await chat.send(speak('The first and only words.', { size: 100, apartMs: 700 }))
    await chat.answer.locator('.waiting').waitFor()
    await page.reload()
    await chat.answer.getByText('The first and only words.').waitFor()
    await chat.settled()
    expect(await chat.answers.count()).toBe(1)
    await context.close()
  })

  it('goes on after its socket was cut, and says so meanwhile', async () => {
    await using proxy = await startProxy(host.port)
    const { chat, context, page } = await open(proxy.url)
    await chat.send(WORDS)
    await chat.answer.getByText('word5').waitFor()
    proxy.cut()
    await page.locator('.msg.lost').waitFor()
    await chat.settled()
    expect((await chat.answer.locator('.text').innerText()).trim()).toBe(ALL_WORDS)
    expect(await page.locator('.msg.lost').count()).toBe(0)
    await context.close()
  })

  it('lets a hidden tab catch up', async () => {
    const { page, chat, context } = await open()
    await chat.send(WORDS)
    await chat.answer.getByText('word3').waitFor()
    const hide = (hidden: boolean) =>
      page.locator('html').evaluate((html, hidden) => {
        const { ownerDocument: page } = html
        Object.defineProperty(page, 'hidden', { configurable: true, value: hidden })
        page.dispatchEvent(new page.defaultView.Event('visibilitychange'))
      }, hidden)
    await hide(true)
    await page.waitForTimeout(300)
    const seen = await chat.answer.locator('.text').innerText()
    await page.waitForTimeout(400)
    expect(await chat.answer.locator('.text').innerText()).toBe(seen)
    await hide(false)
    await chat.settled()
    expect((await chat.answer.locator('.text').innerText()).trim()).toBe(ALL_WORDS)
    await context.close()
  })

  it('keeps what was said when the server is killed, and offers to try again', async () => {
    await using folder = await temporaryFolder()
    const first = await startHost({ staged: true, dataDir: folder.path })
    await using proxy = await startProxy(first.port)
    const { chat, context } = await open(proxy.url)
    await chat.send('say 400 words, 30 ms apart')
    await chat.answer.getByText('word45').waitFor()
    await first[Symbol.asyncDispose]()
    forgetLeases(folder.path)
    await using second = await startHost({
      staged: true,
      dataDir: folder.path,
    })
    proxy.lead(second.port)
    await chat.answer.getByRole('alert').waitFor()
    expect(await chat.answer.getByRole('alert').innerText()).toContain('cut off')
    expect(await chat.answer.locator('.text').innerText()).toMatch(/^word0 word1 /)
    expect(await chat.answer.getByRole('button', { name: 'Retry' }).count()).toBe(1)
    await context.close()
  })

  it('keeps a draft when the network is away, and sends it when asked again', async () => {
    const { page, chat, context } = await open()
    await context.setOffline(true)
    await chat.send('Typed in a tunnel.')
    await chat.alert.getByText('The connection is lost').waitFor()
    expect(await chat.box.inputValue()).toBe('Typed in a tunnel.')
    await page.reload().catch(() => {})
    await context.setOffline(false)
    await page.goto(host.url)
    expect(await chat.box.inputValue()).toBe('Typed in a tunnel.')
    await context.setOffline(true)
    await chat.box.press('Enter')
    await chat.alert.getByText('The connection is lost').waitFor()
    await context.setOffline(false)
    await page.getByRole('button', { name: 'Send again' }).click()
    await chat.settled()
    expect(await chat.messages.count()).toBe(1)
    expect(await chat.box.inputValue()).toBe('')
    expect(await chat.alert.innerText()).toBe('')
    await page.reload()
    expect(await chat.box.inputValue()).toBe('')
    await context.close()
  })

  it('keeps a draft when the memory is away or the text is refused', async () => {
    const { page, chat, context } = await open(`${host.url}/?user_id=storeless`)
    await chat.send('x'.repeat(4001))
    await chat.alert.getByText('4001 characters; 1 to 4,000 are allowed').waitFor()
    expect((await chat.box.inputValue()).length).toBe(4001)
    await context.route('**/messages', (route) =>
      route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' }),
    )
    await chat.send('Behind a proxy.')
    await chat.alert.getByText('The connection is lost').waitFor()
    expect(await page.getByText('Bad gateway').count()).toBe(0)
    expect(await chat.box.inputValue()).toBe('Behind a proxy.')
    await context.close()
  })

  it('counts the seconds of a limit that was hit', async () => {
    const { chat, context } = await open()
    await context.route('**/messages', (route) =>
      route.fulfill({
        status: 429,
        headers: {
          'content-type': 'text/html',
          'hx-retarget': '#alert',
          'hx-reswap': 'innerHTML',
        },
        body: '<p>Too many messages. <span class="countdown" data-seconds="2">Try again in 2 s.</span></p>',
      }),
    )
    await chat.send('One too many.')
    await chat.alert.getByText('Try again in 1 s.').waitFor()
    await chat.alert.getByText('You can try again now.').waitFor()
    expect(await chat.box.inputValue()).toBe('One too many.')
    await context.close()
  })
})
