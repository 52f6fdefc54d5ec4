import type { VerifiedToken } from '@chorus/auth';
import type { RoomVerdict } from '@chorus/control';
import type { Member } from '@chorus/protocol';
import type { RouterContext } from '@koa/router';
import type { AuditCount } from '../audit/audit-entry.js';
import type { ApiKey } from '../keys/api-key.js';

/** What middleware stores about a request. */
export interface RequestState {
  /** Id of the request in logs, here and at the client. */
  requestId: string;
  /** Id of the trace; undefined without one. */
  traceId?: string | undefined;
  /**
   * Sender; undefined on public routes, for a key that acts as no user, and with `AUTH=open` if the query names no user.
   */
  user?: Member | undefined;
  /** Token of the sender; undefined on public routes, with a key, and with `AUTH=open` if the query was trusted. */
  token?: VerifiedToken | undefined;
  /** API key of the request. */
  key?: ApiKey | undefined;
  /** Room in the path. */
  roomId?: number | undefined;
  /** What the audit counts; undefined: the request, once. */
  counts?: readonly AuditCount[] | undefined;
  /** What the mirror holds of the user and the room in the path; only for operations that are `mirrored`. */
  inRoom?: RoomVerdict | undefined;
  /** The thrown error, for the log. */
  failure?: unknown;
}

export type Context = RouterContext<RequestState>;

/** Handler of a route. */
export type Handler = (ctx: Context) => Promise<void> | void;

/** One step of middleware. */
export type Step = (ctx: Context, next: () => Promise<unknown>) => Promise<unknown>;
