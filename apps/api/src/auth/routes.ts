import type { RouteTable } from '../http/route-table.js';
import { exchangeToken } from '../identities/exchange-token.js';
import { signInMethods } from '../identities/sign-in-methods.js';
import { changePassword } from './change-password.js';
import { currentUser } from './current-user.js';
import type { AuthServices } from './dependencies.js';
import { endSessions } from './end-sessions.js';
import { logOut, logOutByGet } from './log-out.js';
import { refreshToken } from './refresh-token.js';
import { signIn } from './sign-in.js';
import { signUp } from './sign-up.js';

export const userRoutes: RouteTable<AuthServices> = {
  'POST /api/users/signup': signUp,
  'POST /api/users/signin': signIn,
  'GET /api/sign-in': signInMethods,
  'POST /api/users/exchange': exchangeToken,
  'POST /api/users/refresh': refreshToken,
  'POST /api/users/logout': logOut,
  'GET /api/users/logout': logOutByGet,
  'GET /api/users/me': currentUser,
  'PUT /api/users/me/password': changePassword,
  'DELETE /api/users/me/sessions': endSessions,
};
