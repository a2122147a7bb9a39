import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { chatPage } from '../../test/browser/support/chat.ts'
import { launchBrowser, openPage } from '../../test/browser/support/chromium.ts'
import { bundleFixture } from '../../test/support/bundle-fixture.ts'
import { median, table } from './statistics.ts'

const ROUNDS = 12

/** What the page costs its reader, in Chromium over loopback. Its answers are staged: they stream slowly enough to be measured. */
export async function benchPage({
  dist,
  folder,
}: {
  dist: string
  folder: string
}): Promise<string> {
  const staged = join(folder, 'dist')
  await cp(resolve(dist), staged, { recursive: true })
  const services = join(staged, 'fixtures/staged-services.mjs')
  await bundleFixture('test/fixtures/staged-services.ts', services)
  const host = spawn(process.execPath, ['--import', services, join(staged, 'host.mjs')], {
    env: {
      PORT: '0',
      DATA_DIR: join(folder, 'data'),
      RATE_LIMIT_USER: '0',
      RATE_LIMIT_ADDRESS: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const url = await addressOf(host.stdout)
    const browser = await launchBrowser()
    try {
      return [
        await measureLoad(browser, url),
        table(
          ['page', 'measured', 'goal'],
          [...(await measureEcho(browser, url)), ...(await measureStream(browser, url))],
        ),
      ].join('\n\n')
    } finally {
      await browser.close()
    }
  } finally {
    host.kill('SIGKILL')
    await once(host, 'close')
  }
}

async function addressOf(stdout: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    if (line.includes('"ready"')) return (JSON.parse(line) as { url: string }).url
  }
  throw new Error('The host did not start.')
}

async function measureLoad(browser: Browser, url: string): Promise<string> {
  const first = await openPage(browser)
  await first.page.goto(url)
  await chatPage(first.page).ask('A first turn.')
  const storageState = await first.context.storageState()
  await first.context.close()
  const paints: number[] = []
  let weights = ''
  for (let round = 0; round < ROUNDS; round++) {
    const { page, context } = await openPage(browser, { storageState })
    const files: { name: string; raw: number; gzip: number; brotli: number }[] = []
    page.on('requestfinished', async (request) => {
      const body = await (await request.response())!.body()
      const name = new URL(request.url()).pathname
      files.push({
        name,
        raw: body.length,
        gzip: gzipSync(body).length,
        brotli: brotliCompressSync(body).length,
      })
    })
    await page.goto(url, { waitUntil: 'networkidle' })
    paints.push(
      await page.evaluate<number>(
        'performance.getEntriesByName("first-contentful-paint")[0].startTime',
      ),
    )
    if (round === 0) {
      const total = (of: 'raw' | 'gzip' | 'brotli') =>
        files.reduce((sum, file) => sum + file[of], 0)
      const all = {
        name: `${files.length} requests`,
        raw: total('raw'),
        gzip: total('gzip'),
        brotli: total('brotli'),
      }
      weights = table(
        ['first load, one turn', 'bytes', 'gzip', 'brotli'],
        [...files, all].map(({ name, raw, gzip, brotli }) => [
          name,
          ...[raw, gzip, brotli].map((bytes) => bytes.toLocaleString('en-US')),
        ]),
      )
    }
    await context.close()
  }
  return `${weights}\n\nFirst contentful paint, median of ${ROUNDS}: ${median(paints).toFixed(0)} ms.`
}

/** From the submission of a message to the frame that paints it. */
async function measureEcho(browser: Browser, url: string): Promise<string[][]> {
  const { page, context } = await openPage(browser)
  await page.goto(url)
  const echoes: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    await page.locator('#message').fill(`Message ${round}`)
    const echo = await page.evaluate<number>(`new Promise((resolve) => {
      const startMs = performance.now()
      const seen = document.querySelectorAll('.msg.user').length
      new MutationObserver((_, observer) => {
        if (document.querySelectorAll('.msg.user').length === seen) return
        observer.disconnect()
        requestAnimationFrame(() => resolve(performance.now() - startMs))
      }).observe(document.querySelector('#log'), { childList: true })
      document.querySelector('#composer').requestSubmit()
    })`)
    echoes.push(echo)
    await chatPage(page).settled()
  }
  await context.close()
  const [middle, worst] = [median(echoes), Math.max(...echoes)]
  return [
    ['echo of my own message, median', `${middle.toFixed(1)} ms`, '50 ms'],
    ['the worst of them', `${worst.toFixed(1)} ms`, ''],
  ]
}

/** A 6 KB answer of all kinds of blocks, at some 300 characters a second. */
async function measureStream(browser: Browser, url: string): Promise<string[][]> {
  const { page, context } = await openPage(browser)
  await page.goto(url)
  let wireBytes = 0
  const devTools = await context.newCDPSession(page)
  await devTools.send('Network.enable')
  devTools.on('Network.dataReceived', ({ dataLength }) => (wireBytes += dataLength))
  await page.evaluate(`
    window.measured = { tasks: [], shift: 0, swaps: [] }
    new PerformanceObserver((list) => measured.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' })
    new PerformanceObserver((list) => { for (const { value } of list.getEntries()) if (document.querySelector('.md pre')) measured.shift += value }).observe({ type: 'layout-shift' })
    let startMs
    document.addEventListener('htmx:sse:before:message', () => { startMs = performance.now() })
    document.addEventListener('htmx:sse:after:message', () => { measured.swaps.push(performance.now() - startMs) })`)
  const block =
    'A paragraph with **bold**, `code` and a [link](https://example.com/).\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```ts\nconst x = 1 < 2\nconst y = [x]\n```\n\n> quoted words\n'
  const times = Math.ceil(6000 / block.length)
  await page
    .locator('#message')
    .fill(`speak 4 characters, 5 ms apart, ${times} times:\n${block.trim()}`)
  await page.locator('#message').press('Enter')
  await page.locator('.msg.assistant footer small').waitFor({ timeout: 60_000 })
  const { tasks, shift, swaps } = await page.evaluate<{
    tasks: number[]
    shift: number
    swaps: number[]
  }>('measured')
  await context.close()
  const what = `${(block.length * times).toLocaleString('en-US')} characters of markdown`
  return [
    [`${what} on the wire, in ${swaps.length} frames`, `${(wireBytes / 1000).toFixed(0)} KB`, ''],
    ['swap of a frame, median', `${median(swaps).toFixed(1)} ms`, ''],
    ['the worst of them', `${Math.max(...swaps).toFixed(1)} ms`, ''],
    ['tasks over 50 ms meanwhile', String(tasks.length), '0'],
    ['layout shift meanwhile', String(shift), '0'],
  ]
}
