import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHost, type TestHost } from '../support/host.ts'
import { chatPage, speak } from './support/chat.ts'
import { launchBrowser, missingBrowser, openPage, watchFaults } from './support/chromium.ts'

const MARKDOWN = `Here is **what** I know:

1. You like *tea*.
2. You cycle.

| a | b |
|---|---|
| 1 | 2 |

\`\`\`ts
if (1 < 2 && 3 > 2) call("x")
\`\`\`

> A quote with a [link](https://example.com/?a=1&b=2).

The end.`

describe.skipIf(missingBrowser)('the chat page', () => {
  let browser: Browser
  let host: TestHost
  beforeAll(async () => {
    ;[browser, host] = await Promise.all([launchBrowser(), startHost({ staged: true })])
  })
  afterAll(async () => {
    await browser.close()
    await host[Symbol.asyncDispose]()
  })

  async function open(path = '/') {
    const opened = await openPage(browser)
    await opened.page.goto(host.url + path)
    return { ...opened, chat: chatPage(opened.page) }
  }

  it('remembers in a new chat what was said in another, and shows which memory it used', async () => {
    const { page, chat, context, faults } = await open()
    expect(await chat.ask('I am allergic to peanuts.')).toContain('Noted')
    expect(page.url()).toMatch(/\/c\/[\w-]{22}$/)
    await page.getByRole('link', { name: 'New chat' }).click()
    expect(await chat.ask('What am I allergic to?')).toContain('I am allergic to peanuts.')
    const memory = chat.answer.locator('.memories li').first()
    await chat.answer.getByText('1 memory used').click()
    expect(await memory.innerText()).toContain('I am allergic to peanuts.')
    expect(await memory.locator('time').getAttribute('datetime')).toMatch(/^\d{4}-\d\d-\d\dT/)
    const score = Number(await memory.locator('.score data').getAttribute('value'))
    expect(score).toBeGreaterThan(0)
    expect(score).toBeLessThanOrEqual(1)
    expect(await chat.answer.locator('footer > small').innerText()).toContain('saved')
    await memory.getByText('Why').click()
    expect(await memory.locator('dl div').count()).toBeGreaterThan(0)
    await memory.getByRole('link', { name: 'View in chat' }).click()
    expect(await page.locator('.msg.user:target .text').innerText()).toBe(
      'I am allergic to peanuts.',
    )
    expect(await page.locator('#chats li').count()).toBe(2)
    expect(faults).toEqual([])
    await context.close()
  })

  it('streams markdown block by block, and a reload draws the same', async () => {
    const { page, chat, context, faults } = await open()
    const arrivals = await page.evaluateHandle(WATCH_ARRIVALS)
    await chat.send(speak(MARKDOWN, { size: 3, apartMs: 20 }))
    await chat.stop.waitFor()
    const status = page.locator('#status')
    expect(await status.innerText()).toBe('The assistant is answering')
    await chat.settled()
    expect(await status.innerText()).toBe('Answer finished')
    expect(await arrivals.jsonValue(), 'each by itself').toEqual([['ol'], ['pre']])
    const body = chat.answer.locator('.text')
    const streamed = await body.innerHTML()
    for (const tag of ['strong', 'em', 'table td', 'pre code', 'blockquote a[rel~="noopener"]']) {
      expect(await body.locator(tag).count()).toBeGreaterThan(0)
    }
    expect(await body.locator('code').innerText()).toContain('if (1 < 2 && 3 > 2) call("x")')
    await page.reload()
    expect(await body.innerHTML()).toBe(streamed)
    expect(faults).toEqual([])
    await context.close()
  })

  it('stops from a second tab, and both keep what was said', async () => {
    const { page, chat, context, faults } = await open()
    await chat.send('say 200 words, 30 ms apart')
    await chat.answer.getByText('word3').waitFor()
    const second = await context.newPage()
    const secondFaults = watchFaults(second)
    await second.goto(page.url())
    const other = chatPage(second)
    await other.answer.getByText('word6').waitFor()
    await other.stop.click()
    for (const tab of [chat, other]) {
      await tab.settled()
      expect(await tab.answer.locator('.tag').innerText()).toBe('Stopped')
      expect(await tab.answer.locator('.text').innerText()).toMatch(/^word0 word1/)
      expect(await tab.stop.count()).toBe(0)
    }
    await page.reload()
    expect(await chat.answer.locator('.text').innerText()).toContain('word6')
    expect([...faults, ...secondFaults]).toEqual([])
    await context.close()
  })

  it('stops with Escape, and answers anew with Retry', async () => {
    const { page, chat, context } = await open()
    await chat.send('say 100 words, 30 ms apart')
    await chat.answer.getByText('word2').waitFor()
    await page.keyboard.press('Escape')
    await chat.settled()
    await chat.answer.getByRole('button', { name: 'Retry' }).click()
    await chat.stop.waitFor()
    await chat.answer.getByText('word9').waitFor()
    expect(await chat.answers.count()).toBe(1)
    await context.close()
  })

  it('says that the model failed, keeps what it said, and retries', async () => {
    const { chat, context, page } = await open()
    await chat.send(speak('Half an answer', { apartMs: 5, failsAs: 'unavailable' }))
    await chat.settled()
    expect(await chat.answer.getByRole('alert').innerText()).toContain('did not answer')
    expect(await chat.answer.locator('.text').innerText()).toContain('Half an answer')
    await page.reload()
    expect(await chat.answer.getByRole('alert').innerText()).toContain('did not answer')
    await chat.answer.getByRole('button', { name: 'Retry' }).click()
    await chat.settled()
    expect(await chat.answers.count()).toBe(1)
    await context.close()
  })

  it('shows the memories it found while the model is silent', async () => {
    const { chat, context } = await open()
    await chat.ask('My violin teacher is called Ottilie.')
    await chat.send(speak('violin teacher Ottilie', { size: 50, apartMs: 1500 }))
    await chat.answer.locator('.waiting li').waitFor()
    expect(await chat.answer.locator('.waiting').innerText()).toContain('My violin teacher')
    await chat.settled()
    expect(await chat.answer.locator('.waiting').count()).toBe(0)
    await context.close()
  })

  it('sends a message once, however often the button is pressed', async () => {
    const { page, chat, context } = await open()
    await chat.box.fill('Only once.')
    await page.locator('#composer').evaluate((form) => {
      form.requestSubmit()
      form.requestSubmit()
    })
    await chat.settled()
    await page.reload()
    expect(await chat.messages.count()).toBe(1)
    await context.close()
  })

  it('edits the latest message: the old one and its answer are forgotten', async () => {
    const { page, chat, context, faults } = await open()
    await chat.ask('I live in Turin.')
    await chat.ask('My dog is called Bruno.')
    expect(await page.locator('.edit:visible').count()).toBe(1)
    await chat.messages.last().hover()
    await chat.messages.last().getByText('Edit').click()
    const form = chat.messages.last().locator('.edit form')
    await form.locator('textarea').fill('My dog is called Rex.')
    await form.getByRole('button', { name: 'Send' }).click()
    await page.getByText('Noted: “My dog is called Rex.”').waitFor()
    await chat.settled()
    expect(await chat.messages.locator('.text').allInnerTexts()).toEqual([
      'I live in Turin.',
      'My dog is called Rex.',
    ])
    await page.reload()
    expect(await chat.messages.count()).toBe(2)
    expect(await page.getByText('Bruno').count()).toBe(0)
    expect(faults).toEqual([])
    await context.close()
  })

  it('keeps keys apart: Enter sends, Shift+Enter and an input method do not', async () => {
    const { page, chat, context } = await open()
    await chat.box.pressSequentially('two')
    await chat.box.press('Shift+Enter')
    await chat.box.pressSequentially('lines')
    expect(await chat.box.inputValue()).toBe('two\nlines')
    const oneLine = 48
    expect((await chat.box.boundingBox())!.height).toBeGreaterThan(oneLine)
    await chat.box.dispatchEvent('keydown', { key: 'Enter', isComposing: true })
    await chat.box.dispatchEvent('keydown', { key: 'Enter', keyCode: 229 })
    expect(await chat.messages.count()).toBe(0)
    await chat.box.press('Enter')
    await chat.settled()
    expect(await chat.messages.locator('.text').innerText()).toBe('two\nlines')
    expect(await page.locator('#message:focus').count()).toBe(1)
    await chat.box.blur()
    await page.keyboard.press('/')
    expect(await page.locator('#message:focus').count()).toBe(1)
    await context.close()
  })

  it('follows the answer until its reader scrolls up, and from there on again when asked', async () => {
    const { page, chat, context } = await open()
    const paragraph = 'A paragraph of some length that fills a line.'
    await chat.send(speak(paragraph, { size: 40, times: 150 }))
    const fromEnd = () =>
      page
        .locator('#scroll')
        .evaluate((log) => Math.round(log.scrollHeight - log.scrollTop - log.clientHeight))
    await expect
      .poll(() => page.locator('#scroll').evaluate((log) => log.scrollHeight - log.clientHeight), {
        timeout: 8000,
      })
      .toBeGreaterThan(400)
    await expect.poll(fromEnd).toBeLessThan(3) // What has just come is followed in the next frame.
    await page.mouse.move(700, 400)
    await page.mouse.wheel(0, -250)
    await page.locator('#down').waitFor()
    const top = await page.locator('#scroll').evaluate((log) => log.scrollTop)
    await page.waitForTimeout(400)
    expect(await page.locator('#scroll').evaluate((log) => log.scrollTop)).toBe(top)
    await page.getByRole('button', { name: 'Jump to latest' }).click()
    await expect.poll(fromEnd).toBeLessThan(3)
    await page.keyboard.press('Escape')
    await context.close()
  })

  it('copies an answer and a block of code', async () => {
    const { page, chat, context } = await open()
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await chat.ask(speak('Before.\n\n```\nlet x = 1\n```', { apartMs: 1 }))
    const clipboard = () => page.evaluate('navigator.clipboard.readText()')
    await chat.answer.locator('.code').hover()
    await chat.answer.locator('.code .copy').click()
    await expect.poll(clipboard).toBe('let x = 1')
    await chat.answer.locator('footer > .copy').click()
    await expect.poll(clipboard).toContain('Before.')
    expect(await chat.answer.locator('footer > .copy').innerText()).toBe('Copied')
    await context.close()
  })

  it('deletes a conversation, and all that was said in it', async () => {
    const { page, chat, context } = await open()
    await chat.ask('The safe has the code 4711.')
    const address = page.url()
    await page.locator('#chats').getByRole('button', { name: 'Delete' }).click()
    await page.locator('#delete').getByRole('button', { name: 'Delete' }).click()
    await page.waitForURL(`${host.url}/`)
    expect(await page.locator('#chats li').count()).toBe(0)
    const gone = await page.goto(address)
    expect(gone!.status()).toBe(404)
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Not found')
    await page.goto(`${host.url}/memories`)
    expect(await page.getByText('4711').count()).toBe(0)
    await context.close()
  })

  it('lets nothing come back of a conversation that is deleted while it is answered', async () => {
    const { page, chat, context } = await open()
    const user = await page.locator('.who bdi').innerText()
    for (const wait of [0, 1300]) {
      await page.goto(`${host.url}/new`)
      await chat.send('say 200 words, 30 ms apart')
      await chat.answer.getByText('word1').waitFor()
      await page.waitForTimeout(wait)
      await page.locator('#chats').getByRole('button', { name: 'Delete' }).click()
      await page.locator('#delete').getByRole('button', { name: 'Delete' }).click()
      await page.waitForURL(`${host.url}/`)
    }
    await page.waitForTimeout(1300) // A checkpoint of an answer that went on would be written by now.
    await page.reload()
    expect(await page.locator('#chats li').count()).toBe(0)
    expect((await host.api.list(user)).body.results).toEqual([])
    await context.close()
  })

  it('changes the user by its own form only, and keeps users apart', async () => {
    const { page, chat, context, faults } = await open()
    await chat.ask('My secret word is marzipan.')
    await page.goto(`${host.url}/?user_id=visitor.two`)
    expect(await page.locator('#suggested').inputValue()).toBe('visitor.two')
    expect(await page.locator('.who bdi').innerText()).toMatch(/^u-/)
    await page.locator('.suggestion').getByRole('button', { name: 'Change' }).click()
    await page.locator('.who bdi', { hasText: 'visitor.two' }).waitFor()
    expect(await page.locator('#chats li').count()).toBe(0)
    expect(await chat.ask('What is my secret word?')).not.toContain('marzipan')
    await page.locator('.who').click()
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.locator('.id .copy').click()
    await expect.poll(() => page.evaluate('navigator.clipboard.readText()')).toBe('visitor.two')
    await page.locator('#user').fill('not allowed!')
    await page.locator('#account').getByRole('button', { name: 'Change' }).click()
    expect(await page.locator('#user:invalid').count()).toBe(1)
    expect(faults).toEqual([])
    await context.close()
  })

  it('sends nothing to a user whom another tab changed to', async () => {
    const { page, chat, context } = await open()
    await chat.box.fill('For my own eyes only.')
    const other = await context.newPage()
    await other.goto(`${host.url}/?user_id=somebody.else`)
    await other.locator('.suggestion').getByRole('button', { name: 'Change' }).click()
    await other.locator('.who bdi', { hasText: 'somebody.else' }).waitFor()
    await chat.box.press('Enter')
    await chat.alert.getByText('changed in another tab').waitFor()
    expect(await chat.box.inputValue()).toBe('For my own eyes only.')
    await page.goto(`${host.url}/memories`)
    expect(await page.getByText('Nothing yet.').count()).toBe(1)
    await context.close()
  })

  it('keeps the appearance that was chosen', async () => {
    const { page, context } = await open()
    await page.locator('.who').click()
    await page.getByRole('button', { name: 'Dark' }).click()
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    expect(await background()).toBe('rgb(22, 24, 29)')
    await page.goto(`${host.url}/memories`)
    expect(await background()).toBe('rgb(22, 24, 29)')
    await context.close()
  })
})

/** Runs in the page: which of the two tags came into an answer together, in the order in which they came. */
const WATCH_ARRIVALS = `(() => {
  const arrivals = []
  new MutationObserver(() => {
    const news = ['ol', 'pre'].filter((tag) =>
      !arrivals.flat().includes(tag) && document.querySelector('.msg.assistant ' + tag))
    if (news.length > 0) arrivals.push(news)
  }).observe(document.body, { childList: true, subtree: true })
  return arrivals
})()`
