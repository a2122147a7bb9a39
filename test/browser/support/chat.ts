import type { Locator, Page } from 'playwright-core'

/** The chat page as its reader uses it. */
export interface ChatPage {
  /** Types a message and presses Enter. */
  readonly send: (text: string) => Promise<void>
  /** Sends it and waits for the whole answer; its text. */
  ask(text: string): Promise<string>
  /** Waits until no answer is being made. */
  settled(): Promise<void>
  readonly box: Locator
  readonly alert: Locator
  readonly stop: Locator
  /** The latest answer. */
  readonly answer: Locator
  readonly answers: Locator
  readonly messages: Locator
}

export function chatPage(page: Page): ChatPage {
  const box = page.locator('#message')
  const answers = page.locator('.msg.assistant')
  const answer = answers.last()
  async function send(text: string) {
    await box.fill(text)
    await box.press('Enter')
  }
  async function settled() {
    await answers.first().waitFor()
    await page.locator('.msg [id^="n-"]').first().waitFor({ state: 'detached' })
  }
  return {
    send,
    async ask(text) {
      const before = await answers.count()
      await send(text)
      await answers.nth(before).waitFor()
      await settled()
      return answer.locator('.text').innerText()
    },
    settled,
    box,
    alert: page.locator('#alert'),
    stop: page.getByRole('button', { name: 'Stop' }),
    answer,
    answers,
    messages: page.locator('.msg.user'),
  }
}

/** Has the staged model speak markdown, slowly. */
export const speak = (
  text: string,
  { size = 8, apartMs = 20, times = 1, failsAs = '' } = {},
): string =>
  `speak ${size} characters, ${apartMs} ms apart, ${times} times${failsAs ? `, then ${failsAs}` : ''}:\n${text}`
