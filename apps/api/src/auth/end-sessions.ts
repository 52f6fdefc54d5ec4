import { HttpError } from '../http/error.js';
import { operation } from '../http/operation.js';
import { NO_ACCOUNT } from './current-user.js';
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
      if (generation === undefined) throw new HttpError(404, NO_ACCOUNT);
      cookies.clear(ctx);
    },
);
