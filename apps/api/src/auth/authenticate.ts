import type { Admission, Credentials, Guard } from '@chorus/auth';
import { type AccessList, requireAccess } from '@chorus/control';
import { Refusal } from '@chorus/protocol';
import type { Context } from '../http/context.js';

/** Who may use an operation. */
export type Access =
  | 'anyone'
  /** A user with a token that is neither expired nor revoked, and without a ban from everything. */
  | 'token'
  /** As `token`; with `AUTH=open` also a user without a token. A ban from the room in the path refuses as well. */
  | 'rooms';

/** What decides whether a user may use an operation. */
export interface AccessServices {
  readonly guard: Guard;
  readonly access: AccessList;
}

type Admitted = Omit<Extract<Admission, { ok: true }>, 'ok'>;

/** The sender of a public operation. */
const ANYONE: Admitted = { user: undefined, token: undefined };

/** The two steps of admitting a request. */
interface Authorizer {
  /** Returns the sender, from the request alone. @throws {Refusal} 400, 401 or 403 */
  identify(ctx: Context): Admitted;
  /**
   * Checks the sender against the access list.
   * @param roomId room of the request: a ban from it refuses the sender
   * @throws {Refusal} 401 for a revoked token, 403 for a banned user
   * @throws {UnavailableError} the access list does not answer; the request must be refused
   */
  allow(admitted: Admitted, roomId: number | undefined): Promise<void>;
}

/** Returns the steps that admit requests to operations of one kind of {@link Access}. */
export function authorizer(kind: Access, { guard, access }: AccessServices): Authorizer {
  return {
    identify(ctx) {
      switch (kind) {
        case 'anyone':
          return ANYONE;
        case 'token':
          return admitted(ctx, guard.authenticate(credentials(ctx)));
        case 'rooms':
          return admitted(ctx, guard.admit(credentials(ctx)));
        default:
          return kind satisfies never;
      }
    },
    async allow({ user, token }, roomId) {
      if (user === undefined) return;
      const [verdict] = await access.check([
        { userId: user.id, tokenId: token?.tokenId, generation: token?.generation, roomId },
      ]);
      requireAccess(verdict);
    },
  };
}

/** Query parameters that name the sender; see {@link credentials}. */
export const SENDER_PARAMETERS = ['userId', 'username'] as const;

/** Returns what the request contains about its sender. */
export function credentials(ctx: Context): Credentials {
  return {
    authorization: ctx.req.headers.authorization,
    cookie: ctx.req.headers.cookie,
    userId: single(ctx, 'userId'),
    username: single(ctx, 'username'),
  };
}

function admitted(ctx: Context, admission: Admission): Admitted {
  if (!admission.ok) throw admission.refusal;
  ctx.state.user = admission.user;
  ctx.state.token = admission.token;
  return admission;
}

function single(ctx: Context, name: string): string | undefined {
  const value = ctx.query[name];
  if (Array.isArray(value)) throw new Refusal('repeated_parameter', name);
  return value;
}
