import type { Router } from '@koa/router';
import type { RequestState } from '../http/context.js';
import { jsonBody } from '../http/json-body.js';
import type { AuthServices } from './auth-services.js';
import { requireToken } from './authenticate.js';
import { currentUser } from './current-user.js';
import { logOut } from './log-out.js';
import { signIn } from './sign-in.js';
import { signUp } from './sign-up.js';

export function addUserRoutes(router: Router<RequestState>, services: AuthServices): void {
  const json = jsonBody();
  router.post('/api/users/signup', json, signUp(services));
  router.post('/api/users/signin', json, signIn(services));
  router.get('/api/users/logout', logOut(services));
  router.get('/api/users/me', requireToken(services), currentUser(services));
}
