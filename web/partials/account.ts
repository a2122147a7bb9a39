import { type Html, html, raw } from '../html.ts'
import { type Shell, type SignedIn, type Theme, themes, type Visitor } from '../layout.ts'
import { icon } from './icons.ts'

/** The same rule as lib/schema.ts; in a `pattern` the hyphen is escaped, for browsers compile it with the v flag. */
const USER_ID_PATTERN = String.raw`[A-Za-z0-9][A-Za-z0-9._@\-]{0,63}`

const themeWords: Record<Theme, string> = { auto: 'Automatic', light: 'Light', dark: 'Dark' }

/** Who the page takes its reader for, with what changes that, behind one button. */
export const accountPanel = (
  { path, theme }: Shell,
  visitor: Visitor,
) => html`<button type="button" class="who" popovertarget="account" title="User and settings">${icon.user}<span class="sr">User</span> <bdi>${visitor.userId}</bdi></button>
<div id="account" class="panel" popover>
<p class="id"><span>You are</span> <code data-copied>${visitor.userId}</code> <button type="button" class="copy">Copy</button></p>
${mayChangeUser(visitor) ? userForm('user', visitor.suggestedUserId ?? visitor.userId) : ''}
<p class="hint">${accessHint(visitor.signedIn)}</p>
${visitor.signedIn ? html`<form method="post" action="/sign-out"><button>Sign out</button></form>` : ''}
<form method="post" action="/theme" class="theme">
<input type="hidden" name="back" value="${path}">
<fieldset><legend>Appearance</legend>
${themes.map(
  (name) =>
    html`<button name="theme" value="${name}" aria-pressed="${name === theme ? 'true' : 'false'}">${themeWords[name]}</button>`,
)}
</fieldset>
</form>
</div>`

/** Whoever holds a user's own key is that user, and nobody else. */
export const mayChangeUser = ({ signedIn }: Visitor) => !signedIn || signedIn.isAdmin

function accessHint(signedIn: SignedIn | undefined): Html | string {
  if (!signedIn) {
    return 'An id is all it takes to speak for a user here. Yours cannot be guessed; a name can.'
  }
  return html`Signed in with the key <b>${signedIn.label}</b>${signedIn.isAdmin ? ', which speaks for every user' : ''}.`
}

/** Changes the user of this browser. A whole navigation on purpose: nothing of the old user may stay. */
export const userForm = (
  id: string,
  userId: string,
) => html`<form method="post" action="/user" class="change">
<label for="${id}">Change user</label>
<input id="${id}" name="user_id" value="${userId}" required maxlength="64" pattern="${USER_ID_PATTERN}" title="1 to 64 of A-Z a-z 0-9 . _ @ - beginning with a letter or digit" autocomplete="off" autocapitalize="off" spellcheck="false"${raw(' dir="ltr"')}>
<button>Change</button>
</form>`
