import { parseId } from '@chorus/protocol';
import type { Context, Handler, Step } from '../http/context.js';
import { toRefusal } from '../http/middleware/format-errors.js';
import type { Audit } from './audit.js';
import type { AuditedAction } from './audit-entry.js';

/** What `id` in the answer names, by the last part of the route. What other routes create is neither a room nor a user. */
const CREATES: Readonly<Record<string, 'roomId' | 'userId'>> = {
  rooms: 'roomId',
  direct: 'roomId',
  'create-room': 'roomId',
  accept: 'roomId',
  users: 'userId',
};

/** Parts of a path: anything else could be a text of any kind. */
const TARGET = /^[\w.:-]{1,64}$/;

/**
 * Returns a handler that records what API keys do with an operation, also what they are refused. Requests of users, and those with a
 * key that is not valid, are not recorded.
 */
export function audited(
  { id, counted = false }: { readonly id: string; readonly counted?: boolean },
  handler: Handler,
  audit: Pick<Audit, 'record' | 'count'>,
): Handler {
  const of = counted ? briefActionOf : actionOf;
  return async (ctx) => {
    try {
      await handler(ctx);
    } catch (error) {
      if (ctx.state.key !== undefined) audit.count(of(ctx, id, toRefusal(error).status));
      throw error;
    }
    if (ctx.state.key === undefined) return;
    const action = of(ctx, id, ctx.status);
    const { counts } = ctx.state;
    if (counts !== undefined) {
      for (const { times, roomId, status } of counts) audit.count({ ...action, roomId, status }, times);
    } else if (counted) audit.count(action);
    else await audit.record(action);
  };
}

/** Records what operators do: every request to a route that changes something. The action is the name of the route. */
export function auditOperators(audit: Pick<Audit, 'record' | 'count'>): Step {
  return async (ctx, next) => {
    if (ctx.method === 'GET' || ctx.method === 'HEAD') return next();
    const action = (): string => String(ctx._matchedRouteName ?? `${ctx.method} ${ctx._matchedRoute}`);
    try {
      await next();
    } catch (error) {
      audit.count(actionOf(ctx, action(), toRefusal(error).status));
      throw error;
    }
    await audit.record(actionOf(ctx, action(), ctx.status));
    return undefined;
  };
}

/** Without what must be looked for: that would cost each message microseconds. */
function briefActionOf({ state }: Context, action: string, status: number): AuditedAction {
  return {
    keyId: state.key?.id,
    actingUserId: state.key === undefined ? undefined : state.user?.id,
    action,
    roomId: state.roomId,
    userId: undefined,
    target: undefined,
    status,
    requestId: state.requestId,
  };
}

function actionOf(ctx: Context, action: string, status: number): AuditedAction {
  const route = String(ctx._matchedRoute);
  const creates = CREATES[route.slice(route.lastIndexOf('/') + 1)];
  const created = status === 201 || (creates && status === 200) ? field(ctx.body, 'id') : undefined;
  const { userId, keyId, webhookId, nodeId } = ctx.params;
  const target = keyId ?? webhookId ?? nodeId ?? (creates === undefined ? created : undefined);
  // Bans and disconnections name a room in the body or in the query.
  const room = creates === 'roomId' ? created : (field(ctx.request.body, 'roomId') ?? ctx.query.roomId);
  return {
    ...briefActionOf(ctx, action, status),
    roomId: ctx.state.roomId ?? parseId(ctx.params.roomId ?? room),
    userId: parseId(userId ?? (creates === 'userId' ? created : undefined)),
    target: target === undefined || !TARGET.test(String(target)) ? undefined : String(target),
  };
}

function field(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
}
