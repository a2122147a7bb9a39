import { describe, expect, it } from 'vitest'
import { Problem } from '../../lib/errors.ts'
import { problemAlert } from './problem.ts'

describe('what a refused form is answered', () => {
  it('names every fault, escaped', () => {
    const errors = [
      { path: '/text', message: 'One <b>fault</b>.' },
      { path: '/tags', message: 'Another.' },
    ]
    const html = problemAlert(new Problem(422, 'Invalid request', 'Two things.', { errors }))
    expect(html.toString()).toBe('<p>One &lt;b&gt;fault&lt;/b&gt;. Another.</p>')
  })

  it('says for how long, where that is known', () => {
    const headers = { 'retry-after': '7' }
    const html = problemAlert(new Problem(429, 'Too many', 'Too many messages.', { headers }))
    expect(html.toString()).toContain('data-seconds="7">Try again in 7 s.')
    const date = { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }
    const other = problemAlert(new Problem(503, 'Away', 'Away.', { headers: date }))
    expect(other.toString()).toBe('<p>Away.</p>')
  })
})
