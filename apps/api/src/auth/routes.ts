import type { RouteTable } from '../http/route-table.js';
import { exchangeToken } from '../identities/exchange-token.js';
import { signInMethods } from '../identities/sign-in-methods.js';
import type { UserServices } from '../users/service.js';
import { changePassword } from './change-password.js';
import { changeProfile } from './change-profile.js';
import { currentUser } from './current-user.js';
import { deleteAccount } from './delete-account.js';
import type { AuthServices } from './dependencies.js';
import { endSessions } from './end-sessions.js';
import { logOut, logOutByGet } from './log-out.js';
import { refreshToken } from './refresh-token.js';
import { forgotPassword } from './reset/forgot-password.js';
import { resetPassword } from './reset/reset-password.js';
import { signIn } from './sign-in.js';
import { signUp } from './sign-up.js';

export const userRoutes: RouteTable<AuthServices & UserServices> = {
  'POST /api/users/signup': signUp,
  'POST /api/users/signin': signIn,
  'GET /api/sign-in': signInMethods,
  'POST /api/users/exchange': exchangeToken,
  'POST /api/users/forgot-password': forgotPassword,
  'POST /api/users/reset-password': resetPassword,
  'POST /api/users/refresh': refreshToken,
  'POST /api/users/logout': logOut,
  'GET /api/users/logout': logOutByGet,
  'GET /api/users/me': currentUser,
  'PATCH /api/users/me': changeProfile,
  'DELETE /api/users/me': deleteAccount,
  'PUT /api/users/me/password': changePassword,
  'DELETE /api/users/me/sessions': endSessions,
};
