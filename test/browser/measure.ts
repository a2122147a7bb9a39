import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { chatPage } from './support/chat.ts'
import { launchBrowser, openPage } from './support/chromium.ts'

/**
 * Prints what the page costs its reader, for docs/page.md: node test/browser/measure.ts DIST
 *
 * DIST is a built product with the staged services beside it; without them nothing streams slowly enough to measure.
 */
const dist = process.argv[2]
if (dist === undefined)
  throw new Error('Say which built product: node test/browser/measure.ts DIST')

const ROUNDS = 12
const folder = await mkdtemp(join(tmpdir(), 'ai-memory-layer-measure-'))
const host = spawn(
  process.execPath,
  ['--import', join(dist, 'fixtures/staged-services.mjs'), join(dist, 'host.mjs')],
  {
    env: {
      PORT: '0',
      DATA_DIR: join(folder, 'data'),
      RATE_LIMIT_USER: '0',
      RATE_LIMIT_ADDRESS: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  },
)
const url = await addressOf()
const browser = await launchBrowser()
try {
  await measureLoad(browser)
  await measureEcho(browser)
  await measureStream(browser)
} finally {
  await browser.close()
  host.kill('SIGKILL')
  await once(host, 'close')
  await rm(folder, { recursive: true, force: true })
}

async function addressOf(): Promise<string> {
  for await (const line of createInterface(host.stdout)) {
    if (line.includes('"ready"')) return (JSON.parse(line) as { url: string }).url
  }
  throw new Error('The host did not start.')
}

async function measureLoad(browser: Browser): Promise<void> {
  const first = await openPage(browser)
  await first.page.goto(url)
  await chatPage(first.page).ask('A first turn.')
  const storageState = await first.context.storageState()
  await first.context.close()
  const paints: number[] = []
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
      console.table(files)
      const total = (of: 'raw' | 'gzip' | 'brotli') =>
        files.reduce((sum, file) => sum + file[of], 0)
      console.log(
        `${files.length} requests, ${total('raw')} bytes, ${total('gzip')} gzip, ${total('brotli')} brotli`,
      )
    }
    await context.close()
  }
  console.log(`first contentful paint, median of ${ROUNDS}: ${median(paints).toFixed(0)} ms`)
}

/** From the submission of a message to the frame that paints it. */
async function measureEcho(browser: Browser): Promise<void> {
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
  console.log(
    `echo of my own message: median ${median(echoes).toFixed(1)} ms, worst ${Math.max(...echoes).toFixed(1)} ms`,
  )
  await context.close()
}

/** A 6 KB answer of all kinds of blocks, at some 300 characters a second. */
async function measureStream(browser: Browser): Promise<void> {
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
  console.log(
    `a ${block.length * times} character answer: ${wireBytes} bytes on the wire, ${swaps.length} frames, swap median ${median(swaps).toFixed(1)} ms, worst ${Math.max(...swaps).toFixed(1)} ms, ${tasks.length} tasks over 50 ms, layout shift ${shift}`,
  )
  await context.close()
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
