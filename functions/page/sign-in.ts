import * as z from 'zod'
import { type BufferedReply, route, type Routes } from '../../lib/function.ts'
import { signInPage } from '../../web/pages/sign-in.ts'
import { page, seeOther } from './answers.ts'
import { EmptyForm } from './schema.ts'
import { bareShell } from './visit.ts'

/** A key has 48 characters; what is much longer is none. */
const SignInForm = z.object({ key: z.string().trim().max(512), back: z.string().default('/') })

/** Where keys are asked for, a key is given once; a signed cookie speaks for it from then on. */
export const signInRoutes: Routes<BufferedReply> = {
  'GET /sign-in': route({ forStrangers: true }, async ({ caller, asksForKey }) =>
    asksForKey && caller.session === undefined ? page(signInPage(bareShell, '/')) : seeOther('/'),
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
