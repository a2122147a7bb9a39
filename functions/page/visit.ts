import assets from 'virtual:assets'
import type { Call } from '../../lib/function.ts'
import { newUserId } from '../../lib/function/identity.ts'
import type { UserId } from '../../lib/memory/memory.ts'
import type { UserMemories } from '../../lib/memory/store.ts'
import type { Services } from '../../lib/services.ts'
import { type Shell, type Theme, themes, type Visitor } from '../../web/layout.ts'

/** Conversations in the side list; older ones are found through the memories. */
const LISTED_CONVERSATIONS = 50

/** Who looks at the page, and what is theirs. */
export interface Visit {
  readonly userId: UserId
  readonly memories: UserMemories
  /** Makes a stranger known from now on; none for whom we knew. */
  readonly cookies: readonly string[]
}

/** Someone without a session is a new user, from this answer on. */
export async function visit(call: Call, opened: Promise<Services>): Promise<Visit> {
  const { store } = await opened
  const { session } = call.caller
  const userId = session ?? newUserId()
  call.note({ user_id: userId })
  return {
    userId,
    memories: store.forUser(userId),
    cookies: session === undefined ? [call.caller.sessionCookie(userId)] : [],
  }
}

export async function shellOf(
  call: Call,
  { userId, memories }: Visit,
  of: Pick<Visitor, 'conversationId' | 'suggestedUserId'> = {},
): Promise<Shell & { visitor: Visitor }> {
  const conversations = await memories.conversations({ limit: LISTED_CONVERSATIONS })
  const { key } = call.caller
  const signedIn = key && { label: key.label, isAdmin: key.userId === '*' }
  const visitor = { userId, conversations, signedIn, ...of }
  return { assets, theme: themeOf(call), path: call.path, visitor }
}

/** For a page that is nobody's. */
export const bareShell: Shell = { assets, theme: 'auto', path: '/' }

function themeOf({ cookie }: Call): Theme {
  return themes.find((theme) => theme === cookie('theme')) ?? 'auto'
}
