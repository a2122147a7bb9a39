import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHost, type TestHost } from '../support/host.ts'
import { keyFor } from '../support/keys.ts'
import { chatPage } from './support/chat.ts'
import { launchBrowser, missingBrowser, openPage } from './support/chromium.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const ada = keyFor('ada', 'laptop')
const admin = keyFor('*')

describe.skipIf(missingBrowser)('a page that asks for a key', () => {
  let browser: Browser
  let host: TestHost
  beforeAll(async () => {
    const env = { API_KEYS: `${ada.entry},${admin.entry}` }
    ;[browser, host] = await Promise.all([launchBrowser(), startHost({ env })])
  })
  afterAll(async () => {
    await browser.close()
    await host[Symbol.asyncDispose]()
  })

  async function open(path = '/', options: BrowserContextOptions = {}) {
    const opened = await openPage(browser, options)
    await opened.page.goto(host.url + path)
    return { ...opened, chat: chatPage(opened.page) }
  }

  async function signIn(page: Page, key: string) {
    await page.getByLabel('Key').fill(key)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  async function violations(page: Page): Promise<string[]> {
    await page.evaluate(AXE)
    const found = await page.evaluate<{ violations: { id: string }[] }>('axe.run()')
    return found.violations.map(({ id }) => id)
  }

  it('asks once, leads back, and stays signed in', async () => {
    const { page, chat, context, faults } = await open('/memories?q=tea')
    expect(new URL(page.url()).pathname).toBe('/sign-in')
    expect(await page.getByText('npm run key').count()).toBe(1)
    expect(await violations(page)).toEqual([])
    await signIn(page, ada.key)
    await page.waitForURL(`${host.url}/memories?q=tea`)
    await page.goto(host.url)
    await chat.ask('I am allergic to peanuts.')
    await page.reload()
    expect(await chat.messages.first().innerText()).toContain('peanuts')
    await page.locator('.who').click()
    expect(await page.locator('#account').innerText()).toContain('Signed in with the key laptop')
    expect(await page.locator('#account .id code').innerText()).toBe('ada')
    expect(await page.getByLabel('Change user').count(), 'a user’s key is that user').toBe(0)
    expect(await violations(page)).toEqual([])
    expect(faults).toEqual([])
    await context.close()
  }, 60_000)

  it('tells another tab that the session has ended, and keeps what was typed there', async () => {
    const { page, context } = await open()
    await signIn(page, ada.key)
    await page.locator('#message').waitFor()
    const other = await context.newPage()
    await other.goto(page.url())
    await page.locator('.who').click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Key').waitFor()
    const otherChat = chatPage(other)
    await otherChat.send('Is anybody there?')
    await otherChat.alert.getByText('Your session has ended. Your text is kept.').waitFor()
    expect(await otherChat.box.inputValue()).toBe('Is anybody there?')
    await otherChat.alert.getByRole('link', { name: 'Sign in' }).click()
    await signIn(other, ada.key)
    await other.locator('#message').waitFor()
    await context.close()
  }, 60_000)

  it('refuses a wrong key in words, without a script too', async () => {
    const { page, context } = await open('/', { javaScriptEnabled: false })
    await signIn(page, `${ada.key}x`)
    const field = page.getByLabel('Key')
    expect(await page.getByRole('alert').innerText()).toBe('This key is not known here.')
    expect(await field.getAttribute('aria-describedby')).toBe('key-fault')
    expect(await field.inputValue()).toBe('')
    await signIn(page, ada.key)
    expect(await page.locator('#message').count()).toBe(1)
    await page.goto(`${host.url}/?user_id=alan`)
    expect(await page.locator('.suggestion').count()).toBe(0)
    await context.close()
  })

  it('lets an administrator change the user, and nobody else', async () => {
    const { page, context } = await open('/?user_id=ada')
    await signIn(page, admin.key)
    expect(await page.locator('.who bdi').innerText()).toMatch(/^u-[\w-]{22}$/)
    await page.locator('.suggestion').getByRole('button', { name: 'Change' }).click()
    await page.locator('.who bdi', { hasText: /^ada$/ }).waitFor()
    const [session] = await context.cookies()
    expect(session).toMatchObject({ name: 'session', httpOnly: true, sameSite: 'Lax' })
    await context.close()
  })
})
