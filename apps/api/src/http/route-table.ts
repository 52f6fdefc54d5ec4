import type { Router } from '@koa/router';
import type { AccessServices } from '../auth/authenticate.js';
import type { RequestState } from './context.js';
import type { Operation } from './operation.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

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

export function addRoutes<S>(
  router: Router<RequestState>,
  table: RouteTable<S>,
  services: S & AccessServices,
): void {
  for (const { method, path, operation } of routesOf(table)) {
    router.register(path, [method], operation.handler(services));
  }
}
