import type { Router } from '@koa/router';
import { z } from 'zod';
import type { Handler, RequestState } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import { jsonBody } from '../../http/middleware/json-body.js';
import { nameText } from '../../names/text.js';
import { cursor, limit } from '../../rooms/inputs.js';
import { changeUserInput, newUserInput } from '../../users/inputs.js';
import { userAnswer, userOf } from '../../users/json.js';
import { createOnceForOperator } from '../create-once.js';
import { type OperatorServices, record } from '../dependencies.js';
import { noQuery, userIdOf } from '../inputs.js';
import { createResetLink } from './create-reset-link.js';
import { disconnectUser } from './disconnect-user.js';
import { getUser } from './get-user.js';
import { userJson } from './json.js';

const listUsersInput = z.strictObject({ cursor, limit, search: nameText(64).optional() });

/** Adds the routes that manage users. */
export function addUserRoutes(router: Router<RequestState>, services: OperatorServices): void {
  const { accounts, answers, log } = services;
  const body = jsonBody();

  const list: Handler = async (ctx) => {
    const { cursor: after, limit: most, search } = parseInput(listUsersInput, ctx.query);
    const { users, nextCursor } = await accounts.list(after, most, search);
    ctx.body = { users: users.map(userJson), nextCursor };
  };
  const create: Handler = async (ctx) => {
    const input = parseInput(newUserInput, ctx.request.body);
    await createOnceForOperator(ctx, answers, { operation: 'createUser', input }, async (once) => {
      const user = await accounts.create(input, once?.remember(userAnswer));
      record(log, ctx, 'create user', { userId: user.id, kind: user.kind });
      return userOf(user);
    });
  };
  const change: Handler = async (ctx) => {
    const userId = userIdOf(ctx);
    ctx.body = userOf(await accounts.change(userId, parseInput(changeUserInput, ctx.request.body)));
    record(log, ctx, 'change user', { userId });
  };
  const remove: Handler = async (ctx) => {
    const userId = userIdOf(ctx);
    await accounts.delete(userId);
    record(log, ctx, 'delete user', { userId });
    ctx.status = 204;
  };

  router.get('/users', list);
  router.post('createUser', '/users', noQuery, body, create);
  router.get('/users/:userId', noQuery, getUser(services));
  router.patch('changeUser', '/users/:userId', noQuery, body, change);
  router.delete('deleteUser', '/users/:userId', noQuery, remove);
  router.post('createResetLink', '/users/:userId/reset-link', noQuery, body, createResetLink(services));
  router.post('disconnectUser', '/users/:userId/disconnect', noQuery, body, disconnectUser(services));
}
