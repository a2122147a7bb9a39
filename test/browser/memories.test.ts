import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COOKIE_SECRET, sessionOf } from '../support/cookie.ts'
import { startHost, type TestHost } from '../support/host.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { chatPage } from './support/chat.ts'
import { launchBrowser, missingBrowser, openPage } from './support/chromium.ts'

describe.skipIf(missingBrowser)('the memories on the page', () => {
  let browser: Browser
  let host: TestHost
  beforeAll(async () => {
    ;[browser, host] = await Promise.all([launchBrowser(), startHost({ env: { COOKIE_SECRET } })])
  })
  afterAll(async () => {
    await browser.close()
    await host[Symbol.asyncDispose]()
  })

  async function openAs(userId: string, path = '/memories') {
    const opened = await openPage(browser)
    const [name, value] = sessionOf(userId).split('=') as [string, string]
    await opened.context.addCookies([{ name, value, url: host.url }])
    await opened.page.goto(host.url + path)
    return { ...opened, chat: chatPage(opened.page) }
  }

  const items = (count: number, of: object = {}) =>
    Array.from({ length: count }, (_, index) => ({
      text: `Note number ${index} about nothing in particular.`,
      role: 'user',
      ts: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(),
      ...of,
    }))

  it('forgets a memory an answer used, and Undo brings back the same one', async () => {
    const { page, chat, context, faults } = await openAs('undo', '/')
    await chat.ask('My bicycle is green.')
    await page.goto(`${host.url}/new`)
    expect(await chat.ask('What colour is my bicycle?')).toContain('green')
    await chat.answer.locator('.used > summary').click()
    const used = chat.answer.locator('.memories > li').first()
    const id = await used.getAttribute('id')
    await used.getByRole('button', { name: 'Forget' }).click()
    await used.getByText('Forgotten.').waitFor()
    const { body: gone } = await host.api.list('undo')
    expect(gone.results.map(({ text }) => text)).not.toContain('My bicycle is green.')
    await used.getByRole('button', { name: 'Undo' }).click()
    await used.getByText('My bicycle is green.').waitFor()
    expect(await used.getAttribute('id')).toBe(id)
    expect(await used.locator('.score').count()).toBe(1)
    const { body: back } = await host.api.list('undo')
    const restored = back.results.find(({ text }) => text === 'My bicycle is green.')
    expect(id!.endsWith(restored!.id)).toBe(true)
    await page.goto(`${host.url}/new`)
    expect(await chat.ask('What colour is my bicycle?')).toContain('green')
    expect(faults).toEqual([])
    await context.close()
  })

  it('lists everything, newest first, and loads more without a jump', async () => {
    await host.api.ingest({ user_id: 'endless', items: items(180) })
    const { page, context, faults } = await openAs('endless')
    const list = page.locator('.memories > li[id^="memory-"]')
    expect(await list.first().innerText()).toContain('number 179')
    expect(await list.count()).toBe(50)
    const shown = list.nth(48)
    await page.locator('.more').scrollIntoViewIfNeeded()
    const before = await shown.boundingBox()
    await list.nth(99).waitFor({ state: 'attached' })
    expect((await shown.boundingBox())!.y).toBe(before!.y)
    await expect
      .poll(
        async () => {
          await list.last().scrollIntoViewIfNeeded()
          return list.count()
        },
        { timeout: 8000 },
      )
      .toBe(180)
    expect(await page.locator('.more').count()).toBe(0)
    expect(faults).toEqual([])
    await context.close()
  })

  it('searches while one types', async () => {
    await host.api.ingest({
      user_id: 'search',
      items: [...items(60), { text: 'The plumber comes on Friday.', role: 'user' }],
    })
    const { page, context, faults } = await openAs('search')
    await page.locator('#q').pressSequentially('plumber', { delay: 20 })
    await page.locator('#found').getByText('best first').waitFor()
    expect(await page.locator('.memories li').first().innerText()).toContain('The plumber comes')
    expect(await page.locator('#q').inputValue()).toBe('plumber')
    await page.locator('#q').fill('')
    await page.locator('.more').waitFor()
    expect(faults).toEqual([])
    await context.close()
  })

  it('edits, tags and pins', async () => {
    await host.api.ingest({ user_id: 'edit', items: [{ text: 'I drive a Fiat.', role: 'user' }] })
    const { page, chat, context, faults } = await openAs('edit')
    const memory = page.locator('.memories > li').first()
    await memory.getByText('Edit').click()
    await memory.getByLabel('Text').fill('I drive a Lancia.')
    await memory.getByLabel('Tags').fill('car,  old ')
    await memory.getByRole('button', { name: 'Save' }).click()
    await memory.getByText('Edited').waitFor()
    expect(await memory.locator('.tag').allInnerTexts()).toEqual(['Edited', 'car', 'old'])
    await memory.getByRole('button', { name: 'Pin' }).click()
    await memory.getByRole('button', { name: 'Unpin' }).waitFor()
    await page.goto(host.url)
    expect(await chat.ask('What do I drive?')).toContain('Lancia')
    expect(faults).toEqual([])
    await context.close()
  })

  it('gives everything away, and takes the same file back', async () => {
    await host.api.ingest({ user_id: 'giver', items: items(900, { tags: ['note'] }) })
    await using folder = await temporaryFolder()
    const giver = await openAs('giver')
    const [download] = await Promise.all([
      giver.page.waitForEvent('download'),
      giver.page.getByRole('link', { name: 'Download' }).click(),
    ])
    const file = join(folder.path, 'memories.jsonl')
    await download.saveAs(file)
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    expect(lines.length).toBe(900)
    expect(JSON.parse(lines[0]!)).toMatchObject({ role: 'user', tags: ['note'], source: 'ingest' })
    await writeFile(file, `${lines.join('\n')}\n{"role":"user"}\n`)

    const taker = await openAs('taker')
    const upload = async () => {
      await taker.page.locator('[type=file]').setInputFiles(file)
      await taker.page.getByRole('button', { name: 'Upload', exact: true }).click()
    }
    await upload()
    await taker.page.getByText('900 added, 0 skipped, 1 refused.').waitFor()
    expect(await taker.page.getByText('Line 901:').innerText()).toContain('text')
    expect(await taker.page.locator('progress').evaluate((bar) => bar.value)).toBe(1)
    await taker.page.goto(`${host.url}/memories`)
    expect(await taker.page.locator('.memories > li').first().innerText()).toContain('number 899')
    await upload()
    await taker.page.getByText('0 added, 900 skipped, 1 refused.').waitFor()
    expect([...giver.faults, ...taker.faults]).toEqual([])
    await giver.context.close()
    await taker.context.close()
  })

  it('forgets everything, but only when that is typed', async () => {
    await host.api.ingest({ user_id: 'leaver', items: items(5) })
    const { page, context } = await openAs('leaver')
    await page.getByText('Forget everything').first().click()
    await page.locator('#confirm').fill('yes')
    await page.getByRole('button', { name: 'Forget all' }).click()
    await page.getByText('Type “forget everything”').waitFor()
    expect((await host.api.list('leaver')).body.results.length).toBe(5)
    await page.goto(`${host.url}/memories`)
    await page.getByText('Forget everything').first().click()
    await page.locator('#confirm').fill('Forget everything')
    await page.getByRole('button', { name: 'Forget all' }).click()
    await page.getByText('Nothing yet.').waitFor()
    expect((await host.api.list('leaver')).body.results.length).toBe(0)
    await context.close()
  })

  it('shows the end of ten thousand messages, and earlier ones without a jump', async () => {
    for (let part = 0; part < 10; part++) {
      const turns = Array.from({ length: 1000 }, (_, index) => ({
        text: `Turn ${part * 1000 + index}`,
        role: index % 2 === 0 ? 'user' : 'assistant',
        ts: new Date(Date.UTC(2026, 0, 1) + (part * 1000 + index) * 1000).toISOString(),
        conversation_id: 'long',
      }))
      await host.api.ingest({ user_id: 'talker', items: turns })
    }
    const { page, context, faults } = await openAs('talker', '/c/long')
    const articles = page.locator('article')
    expect(await articles.count()).toBe(50)
    await expect.poll(async () => (await articles.last().boundingBox())!.y).toBeLessThan(800)
    const first = page.locator('article', { hasText: 'Turn 9950' })
    await first.scrollIntoViewIfNeeded()
    await page.locator('article', { hasText: 'Turn 9900' }).first().waitFor({ state: 'attached' })
    expect(await page.locator('#earlier').count()).toBe(1)
    const place = await first.boundingBox()
    expect(place!.y).toBeGreaterThan(0)
    expect(place!.y).toBeLessThan(800)
    expect(faults).toEqual([])
    const { body } = await host.api.list('talker', { limit: '200' })
    const old = body.results.at(-1)!
    await page.goto(`${host.url}/c/long?at=${old.id}`)
    expect(await articles.last().innerText()).toContain(old.text)
    await page.getByRole('link', { name: 'Show the latest messages' }).click()
    await page.locator('article', { hasText: 'Turn 9999' }).waitFor()
    await context.close()
  })
})
