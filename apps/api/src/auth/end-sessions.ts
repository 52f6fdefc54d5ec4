import { Refusal } from '@chorus/protocol';
import { operation } from '../http/operation.js';
import type { AuthServices } from './dependencies.js';

/** Ends all sessions of the user, including the current one. */
export const endSessions = operation(
  {
    id: 'endSessions',
    summary: 'Sign out everywhere: end all sessions with their tokens and sockets',
    access: 'token',
    answer: {
      status: 204,
      description: 'All sessions have ended, including that of the request.',
      headers: { 'Set-Cookie': 'Clears the cookie.' },
    },
    errors: { 404: 'The user of the token has no account.' },
  },
  ({ sessions, cookies }: AuthServices) =>
    async (ctx) => {
      const generation = ctx.state.user && (await sessions.endAll(ctx.state.user.id));
      if (generation === undefined) throw new Refusal('account_not_found');
      cookies.clear(ctx);
    },
);
