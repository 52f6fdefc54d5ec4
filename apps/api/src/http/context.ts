import type { VerifiedToken } from '@chorus/auth';
import type { Member } from '@chorus/protocol';
import type { RouterContext } from '@koa/router';

/** What the middleware learns about a request. */
export interface RequestState {
  /** Names the request in logs, here and at whoever sent it. */
  requestId: string;
  /** The trace that it is in; undefined when it is in none. */
  traceId?: string | undefined;
  /** Who sent it; undefined on public routes, and with `AUTH=open` when nobody was named. */
  user?: Member | undefined;
  /** What that was known by; undefined on public routes, and with `AUTH=open` when the query was believed. */
  token?: VerifiedToken | undefined;
  /** What was thrown, for the log. */
  failure?: unknown;
}

export type Context = RouterContext<RequestState>;

/** The end of a route. */
export type Handler = (ctx: Context) => Promise<void> | void;

/** A step on the way there. */
export type Step = (ctx: Context, next: () => Promise<unknown>) => Promise<unknown>;
