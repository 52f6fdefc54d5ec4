import { Refusal } from '@chorus/protocol';
import type { Router } from '@koa/router';
import type { Audit } from '../audit/audit.js';
import { audited } from '../audit/audited.js';
import type { RequestState } from './context.js';
import type { Operation, OperationServices } from './operation.js';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

/** Operations by method and path, as in `GET /api/rooms/:roomId`. */
export type RouteTable<S> = Readonly<Record<`${Method} /${string}`, Operation<S>>>;

/** One row of a table. */
export interface Route<S> {
  readonly method: Method;
  readonly path: string;
  readonly operation: Operation<S>;
}

export function routesOf<S>(table: RouteTable<S>): Route<S>[] {
  return Object.entries(table).map(([key, operation]) => {
    const [method = '', path = ''] = key.split(' ');
    return { method: method as Method, path, operation };
  });
}

/** Adds the routes of a table. What API keys change by them is recorded in the audit. */
export function addRoutes<S>(
  router: Router<RequestState>,
  table: RouteTable<S>,
  services: S & OperationServices,
  audit: Pick<Audit, 'record' | 'count'>,
): void {
  const routes = routesOf(table);
  refuseShadowed(router, routes);
  for (const { method, path, operation } of routes) {
    const handler = operation.handler(services);
    const changes = method !== 'GET';
    router.register(path, [method], changes ? audited(operation.declaration, handler, audit) : handler);
  }
}

/**
 * Answers 405 on a path such as `/api/users/me` to methods that only a path with a parameter in that place has, such as
 * `/api/users/:userId`: `me` is no id.
 */
function refuseShadowed<S>(router: Router<RequestState>, routes: readonly Route<S>[]): void {
  const methodsOf = new Map<string, Method[]>();
  for (const { path, method } of routes) methodsOf.set(path, [...(methodsOf.get(path) ?? []), method]);
  for (const [path, own] of methodsOf) {
    const isShadowed = [...methodsOf.keys()].some((other) => other !== path && matches(other, path));
    if (!isShadowed) continue;
    const others = METHODS.filter((method) => !own.includes(method));
    const allowed = own.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
    router.register(path, others, (ctx) => {
      throw new Refusal('method_not_allowed', ctx.method).with({ Allow: allowed });
    });
  }
}

/** Whether a path with parameters matches another path. */
function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  return (
    wanted.length === given.length && wanted.every((part, at) => part.startsWith(':') || part === given[at])
  );
}
