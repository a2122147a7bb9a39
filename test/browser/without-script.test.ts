import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHost, type TestHost } from '../support/host.ts'
import { speak } from './support/chat.ts'
import { launchBrowser, missingBrowser, openPage } from './support/chromium.ts'

describe.skipIf(missingBrowser)('the page without a script', () => {
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
    const opened = await openPage(browser, { javaScriptEnabled: false })
    await opened.page.goto(url)
    const { page } = opened
    return {
      ...opened,
      send: async (text: string) => {
        await page.locator('#message').fill(text)
        await page.getByRole('button', { name: 'Send' }).click({ noWaitAfter: true })
      },
      text: page.locator('.msg.assistant .text').last(),
    }
  }

  it('shows an answer block by block while it is made, and can stop it', async () => {
    const { page, send, text, context } = await open()
    await send(speak('One block.\n\nAnother block.', { size: 4, times: 30 }))
    await text.locator('p').nth(2).waitFor()
    expect(await page.locator('#composer').count()).toBe(0) // The page is still arriving.
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.waitForURL(/\/c\/[\w-]+$/)
    await page.locator('.tag', { hasText: 'Stopped' }).waitFor()
    const blocks = await text.locator('p').count()
    expect(blocks).toBeGreaterThan(2)
    expect(blocks).toBeLessThan(60)
    expect(await page.locator('#message').count()).toBe(1)
    await context.close()
  })

  it('shows what the model said before it failed, and retries', async () => {
    const { page, send, text, context } = await open()
    await send(speak('Said before.', { apartMs: 1, failsAs: 'unavailable' }))
    await page.getByRole('alert').getByText('did not answer').waitFor()
    expect(await text.innerText()).toContain('Said before.')
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.getByRole('alert').getByText('did not answer').waitFor()
    expect(await page.locator('.msg.assistant').count()).toBe(1)
    await context.close()
  })

  it('starts at the latest message', async () => {
    const { page, send, context } = await open()
    await send(speak('A line.\n\n'.repeat(100).trim(), { size: 4000, apartMs: 0 }))
    await page.getByRole('button', { name: 'Retry' }).waitFor()
    await page.reload()
    const end = await page.locator('.msg.assistant footer').last().boundingBox()
    expect(end!.y).toBeLessThan(800)
    await context.close()
  })

  it('forgets a memory, and has it back', async () => {
    const { page, send, context } = await open()
    await send('My locker has the number 77.')
    await page.getByRole('button', { name: 'Retry' }).waitFor()
    await page.goto(`${host.url}/memories`)
    const memory = page.locator('.memories li', { hasText: 'My locker has the number 77.' }).last()
    await memory.getByRole('button', { name: 'Forget' }).click()
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Forgotten')
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.waitForURL(/\/memories$/)
    await memory.waitFor()
    await memory.getByText('Edit').click()
    await memory.locator('textarea').fill('My locker has the number 78.')
    await memory.getByRole('button', { name: 'Save' }).click()
    await page.locator('.memories li', { hasText: 'number 78.' }).first().waitFor()
    await page.locator('#q').fill('locker')
    await page.locator('#q').press('Enter')
    await page.locator('.memories .score').first().waitFor()
    await context.close()
  })

  it('gives a refused message back with the page', async () => {
    const { page, send, context } = await open()
    await send(` ${'y'.repeat(4001)} `)
    await page.getByRole('alert').getByText('4001 characters').waitFor()
    expect((await page.locator('#message').inputValue()).trim().length).toBe(4001)
    await context.close()
  })

  it('uploads lines that are pasted, and counts them', async () => {
    const { page, context } = await open(`${host.url}/memories`)
    await page.getByText('Paste its lines instead').click()
    const line = (text: string) =>
      JSON.stringify({ text, role: 'user', ts: '2026-01-02T03:04:05Z', tags: ['trip'] })
    await page
      .locator('#lines')
      .fill([line('Went to Oslo.'), 'no json', line('Went to Rome.')].join('\n'))
    await page.getByRole('button', { name: 'Upload' }).click()
    await page.getByText('2 added, 0 skipped, 1 refused.').waitFor()
    expect(await page.getByText('Line 2:').innerText()).toContain('not JSON')
    await context.close()
  })

  it('works over plain http, where a browser sends no fetch metadata', async () => {
    const { page, send, context } = await open(`http://lan.test:${host.port}/`)
    await send('Said on the local network.')
    expect(await page.getByText('Noted').first().innerText()).toContain('local network')
    await context.close()
  })
})
