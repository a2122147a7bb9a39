import { writeFile } from 'node:fs/promises'
import { launchBrowser, missingBrowser } from '../test/browser/support/chromium.ts'
import { drawSvg } from './architecture/draw.ts'
import { architecture } from './architecture/picture.ts'

/**
 * Draws docs/architecture.svg from scripts/architecture/picture.ts, and docs/architecture.png from the SVG with the
 * machine's own Chromium: `npm run docs:architecture`.
 */

/** Pixels of the PNG for one of the SVG: sharp on a dense screen. */
const SCALE = 2

const svg = drawSvg(architecture)
await writeFile('docs/architecture.svg', svg)
if (missingBrowser !== undefined) process.exit(1)

const browser = await launchBrowser()
const { width, height } = architecture
const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: SCALE })
await page.setContent(`<style>body { margin: 0 } svg { display: block }</style>${svg}`)
await page.screenshot({ path: 'docs/architecture.png' })
await browser.close()
