import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COOKIE_SECRET, sessionOf } from '../support/cookie.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { chatPage, speak } from './support/chat.ts'
import { launchBrowser, missingBrowser, openPage } from './support/chromium.ts'
import { VECTORS } from './support/corpus.ts'

/** As many vectors as a message of 4,000 characters holds. */
const PARTS = [VECTORS.slice(0, 22), VECTORS.slice(22, 44), VECTORS.slice(44)]

describe.skipIf(missingBrowser)('what a text can do to the page', () => {
  let browser: Browser
  let host: TestHost
  beforeAll(async () => {
    const env = { COOKIE_SECRET }
    ;[browser, host] = await Promise.all([launchBrowser(), startHost({ staged: true, env })])
  })
  afterAll(async () => {
    await browser.close()
    await host[Symbol.asyncDispose]()
  })

  /** Without the policy that would stop a script even where the page let it in. */
  async function openUnprotected(userId: string, path: string) {
    const opened = await openPage(browser, { bypassCSP: true })
    const { context, page, faults } = opened
    const [name, value] = sessionOf(userId).split('=') as [string, string]
    await context.addCookies([{ name, value, url: host.url }])
    page.on('request', (request) => {
      if (!request.url().startsWith(host.url) && !request.url().startsWith('data:')) {
        faults.push(`asked for ${request.url()}`)
      }
    })
    await page.goto(host.url + path)
    return { ...opened, chat: chatPage(page) }
  }

  /** What ran, what was asked of others, and what no text may bring into a page. */
  async function harm(page: Page, faults: readonly string[]): Promise<unknown[]> {
    const found = await page.locator('html').evaluate((html) => {
      const { ownerDocument: page } = html
      const bad: string[] = []
      if (page.defaultView.pwned !== undefined) bad.push('a script ran')
      if (page.title.startsWith('pwned')) bad.push('the title was changed')
      if (page.querySelector('#status')?.textContent === 'pwned') bad.push('a partial was swapped')
      for (const element of page.querySelectorAll('*')) {
        for (const { name, value } of element.attributes) {
          if (/^on/i.test(name)) bad.push(`${element.tagName} has ${name}`)
          const isLink = /^(?:href|src|action|formaction|data|srcdoc)$/i.test(name)
          if (isLink && !/^(?:\/(?!\/)|#|https?:|mailto:)/.test(value)) bad.push(`${name}=${value}`)
        }
      }
      const strangers = 'main :is(script, iframe, object, embed, img, base, link, style, meta)'
      for (const { tagName } of page.querySelectorAll(strangers)) bad.push(`there is a ${tagName}`)
      return bad
    })
    return [...found, ...faults]
  }

  it('would be noticed: most of the corpus does harm where it is let in', async () => {
    const { page, context, faults } = await openUnprotected('hole', '/new')
    const tried = VECTORS.filter((_, index) => index % 3 === 0)
    let harmful = 0
    for (const vector of tried) {
      await page.goto(`${host.url}/new`)
      faults.length = 0
      await page.locator('#log').evaluate((log, html) => {
        log.append(log.ownerDocument.createRange().createContextualFragment(html))
      }, vector)
      await page.waitForTimeout(30)
      // A page that a vector has led away is harmed as well.
      const found = await harm(page, faults).catch(() => ['gone'])
      if (found.length > 0) harmful += 1
    }
    await context.close()
    expect(harmful).toBeGreaterThan(tried.length / 2)
  }, 60_000)

  it('is nothing, live and reloaded: message, title, answer and error', async () => {
    const { page, chat, context, faults } = await openUnprotected('victim', '/new')
    for (const part of PARTS) {
      await chat.ask(part.join('\n'))
      await chat.ask(speak(part.join('\n\n'), { size: 3, apartMs: 0 }))
      expect(await harm(page, faults)).toEqual([])
    }
    await page.locator('.edit summary:visible').first().waitFor({ state: 'attached' })
    await page.reload()
    expect(await chat.messages.count()).toBe(6)
    expect(await harm(page, faults)).toEqual([])
    for (const details of await page.locator('details.used > summary').all()) await details.click()
    expect(await harm(page, faults)).toEqual([])
    for (const link of await page.locator('.md a').all()) {
      expect(await link.getAttribute('rel')).toContain('noopener')
    }
    await context.close()
  }, 60_000)

  it('is nothing as a memory, a speaker, a tag, a search, a title or an upload', async () => {
    const items = VECTORS.map((text, index) => ({
      text,
      role: index % 2 === 0 ? 'user' : 'assistant',
      speaker: text.slice(0, 64),
      tags: [text.slice(0, 64)],
      conversation_id: `c${index}`,
    }))
    expect((await host.api.ingest({ user_id: 'listed', items })).status).toBe(200)
    const { page, context, faults } = await openUnprotected('listed', '/memories')
    expect(await page.locator('.memories > li[id^=memory-]').count()).toBe(50)
    await page.locator('.more').scrollIntoViewIfNeeded()
    await expect
      .poll(() => page.locator('.memories > li[id^=memory-]').count())
      .toBe(VECTORS.length)
    expect(await harm(page, faults)).toEqual([])
    for (const vector of VECTORS.filter((_, index) => index % 6 === 0)) {
      await page.goto(`${host.url}/memories?q=${encodeURIComponent(vector)}`)
      expect(await page.locator('#q').inputValue()).toBe(vector.replaceAll(/[\r\n]/g, ''))
      expect(await harm(page, faults)).toEqual([])
    }
    for (const index of [0, 1, 28, 29]) {
      await page.goto(`${host.url}/c/c${index}`)
      expect(await harm(page, faults)).toEqual([])
    }
    const lines = VECTORS.map((text) => JSON.stringify({ role: text, [text]: text, text: '' }))
    await page.goto(`${host.url}/memories`)
    await page.locator('[type=file]').setInputFiles({
      name: '<img src=x onerror=pwned=1>.jsonl',
      mimeType: 'application/x-ndjson',
      buffer: Buffer.from([...lines, ...VECTORS].join('\n')),
    })
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    await page.getByText('0 added, 0 skipped').waitFor()
    expect(await harm(page, faults)).toEqual([])
    await context.close()
  }, 60_000)

  it('is nothing as a user id or an address', async () => {
    const { page, context, faults } = await openUnprotected('id', '/new')
    // That an address leads nowhere is said in the console too, and no harm.
    const harmDone = async () =>
      (await harm(page, faults)).filter((fault) => !String(fault).includes('404'))
    for (const vector of VECTORS.filter((_, index) => index % 4 === 0)) {
      await page.goto(`${host.url}/?user_id=${encodeURIComponent(vector)}`)
      expect(await harmDone()).toEqual([])
      await page.goto(`${host.url}/c/${encodeURIComponent(vector)}`)
      expect(await harmDone()).toEqual([])
    }
    await context.close()
  }, 60_000)

  it('is nothing to a stranger: another’s conversation, answer, memories and Undo', async () => {
    const answer = await host.api.chat({
      user_id: 'owner',
      message: 'The vault is behind the clock.',
    })
    const { conversation_id: conversation, message_id: message } = answer.body
    const as = (userId: string, path: string, init: RequestInit = {}) =>
      fetch(host.url + path, {
        redirect: 'manual',
        ...init,
        headers: { cookie: sessionOf(userId), 'sec-fetch-site': 'same-origin' },
      })
    const path = `/c/${conversation}/m/${message}`
    const mine = await (await as('owner', `${path}/stream`)).text()
    expect(mine).toContain('vault')
    for (const stranger of ['stranger', 'owner2']) {
      const stream = await as(stranger, `${path}/stream`)
      expect(stream.status).toBe(200)
      expect(await stream.text()).toBe('event: done\ndata: \n\n')
      expect((await as(stranger, `/c/${conversation}`)).status).toBe(404)
      expect((await as(stranger, `${path}/memories`)).status).toBe(404)
      expect((await as(stranger, `${path}/live`)).status).toBe(404)
      const form = { method: 'POST', body: new URLSearchParams({}) }
      expect((await as(stranger, `${path}/retry`, form)).status).toBe(404)
    }
    const unsigned = await fetch(`${host.url}${path}/stream`, {
      headers: { cookie: 'uid=owner.x' },
    })
    expect(await unsigned.text()).toBe('event: done\ndata: \n\n')

    const { body } = await host.api.list('owner')
    const id = body.results.find(({ role }) => role === 'user')!.id
    const forget = await as('owner', `/memories/${id}/forget`, {
      method: 'POST',
      body: new URLSearchParams({}),
    })
    const sealed = /name="memory" value="([^"]+)"/.exec(await forget.text())![1]!
    const restore = (userId: string, memory: string) =>
      as(userId, `/memories/${id}/restore`, {
        method: 'POST',
        body: new URLSearchParams({ memory }),
      })
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('vault')
    expect((await restore('stranger', sealed)).status).toBe(410)
    expect((await restore('owner', `${sealed.slice(0, -2)}AA`)).status).toBe(410)
    expect((await restore('owner', sealed)).status).toBe(303)
  })

  it('takes forms from its own pages only', async () => {
    const post = (headers: Record<string, string>) =>
      fetch(`${host.url}/user`, {
        method: 'POST',
        redirect: 'manual',
        headers,
        body: new URLSearchParams({ user_id: 'mallory' }),
      })
    for (const site of ['cross-site', 'same-site', 'none']) {
      expect((await post({ 'sec-fetch-site': site })).status).toBe(403)
    }
    expect((await post({ origin: 'https://evil.test' })).status).toBe(403)
    expect((await post({})).status).toBe(403)
    expect((await post({ 'sec-fetch-site': 'same-origin' })).status).toBe(303)
    expect((await post({ origin: host.url })).status).toBe(303)
  })
})
