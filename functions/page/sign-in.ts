import * as z from 'zod'
import { type BufferedReply, route, type Routes } from '../../lib/function.ts'
import { SIGN_IN_PATH, signInPage } from '../../web/pages/sign-in.ts'
import { page, seeOther, showProblem } from './answers.ts'
import { EmptyForm } from './schema.ts'
import { bareShell } from './visit.ts'

/** A key has 48 characters; what is much longer is none. */
const SignInForm = z.object({ key: z.string().trim().max(512), back: z.string().default('/') })

const BackQuery = z.object({ back: z.string().default('/') })

/** A stranger who follows a link is asked for a key first, and comes back to it. */
export const showProblemOrSignIn: typeof showProblem = (problem, call) =>
  problem.status === 401 && call.path !== undefined && !call.isHtmx
    ? seeOther(`${SIGN_IN_PATH}?back=${encodeURIComponent(call.path)}`)
    : showProblem(problem, call)

/** Where keys are asked for, a key is given once; a signed cookie speaks for it from then on. */
export const signInRoutes: Routes<BufferedReply> = {
  'GET /sign-in': route(
    { query: BackQuery, forStrangers: true },
    async ({ caller, asksForKey, query: { back } }) =>
      asksForKey && caller.session === undefined
        ? page(signInPage(bareShell, ownPath(back)))
        : seeOther(ownPath(back)),
  ),

  'POST /sign-in': route(
    { form: SignInForm, forStrangers: true },
    async ({ form: { key, back }, caller, asksForKey }) => {
      if (!asksForKey) return seeOther('/')
      const cookie = caller.signIn(key)
      if (cookie !== undefined) return seeOther(ownPath(back), [cookie])
      return page(signInPage(bareShell, ownPath(back), 'This key is not known here.'), {
        status: 401,
      })
    },
  ),

  'POST /sign-out': route({ form: EmptyForm, forStrangers: true }, async ({ caller }) =>
    seeOther(
      '/',
      [caller.signOut()].filter((cookie) => cookie !== ''),
    ),
  ),
}

/** The path itself where it leads to this site, else the start. */
export const ownPath = (path: string) => (/^\/(?![/\\])[\x21-\x7e]*$/.test(path) ? path : '/')
