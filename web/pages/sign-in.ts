import { type Html, html } from '../html.ts'
import { document, type Shell } from '../layout.ts'

export const SIGN_IN_PATH = '/sign-in'

/** For a reader whom the service does not know: asks for a key, once. `back` is where they wanted to go. */
export const signInPage = (shell: Shell, back: string, fault?: string): Html =>
  document(
    'Sign in',
    shell,
    html`<div class="problem sign-in">
<h1>Sign in</h1>
<p>This service asks for a key. Whoever runs it makes one for you with <code>npm run key</code>.</p>
<form method="post" action="${SIGN_IN_PATH}">
<input type="hidden" name="back" value="${back}">
<label for="key">Key</label>
<input id="key" name="key" type="password" required autofocus maxlength="512" autocomplete="current-password" autocapitalize="off" spellcheck="false"${
      fault === undefined ? '' : html` aria-invalid="true" aria-describedby="key-fault"`
    }>
${fault === undefined ? '' : html`<p id="key-fault" role="alert">${fault}</p>`}
<button>Sign in</button>
</form>
<p class="hint">This browser then stays signed in for 30 days, or until you sign out. The key itself is not kept.</p>
</div>`,
  )

/** In place of an answer, for a page whose session has ended; what was typed stays in its box. */
export const signInAlert: Html = html`<p>Your session has ended. Your text is kept. <a href="${SIGN_IN_PATH}">Sign in</a></p>`
