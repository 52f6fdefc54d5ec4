import type { Admission, Credentials, Guard } from '@chorus/auth';
import type { AccessList, Verdict } from '@chorus/control';
import { Refusal } from '@chorus/protocol';
import type { Context } from '../http/context.js';

/** Who may use an operation. */
export type Access =
  | 'anyone'
  /** Whoever has a token that nobody revoked and is not banned. */
  | 'token'
  /** The same, but with `AUTH=open` anybody. Whoever is banned from the room in the path may not. */
  | 'rooms';

/** What decides who may do something. */
export interface AccessServices {
  readonly guard: Guard;
  readonly access: AccessList;
}

type Admitted = Omit<Extract<Admission, { ok: true }>, 'ok'>;

/** Where it is open to anyone. */
const ANYONE: Admitted = { user: undefined, token: undefined };

/** The two steps of coming in. */
interface Door {
  /** Who the sender is, as far as that can be known without asking. @throws {Refusal} 400, 401 or 403 */
  identify(ctx: Context): Admitted;
  /**
   * Whether that one may come in.
   * @param roomId the room that it is about: whoever is banned from that one does not pass either
   * @throws {Refusal} 401 for a token that was revoked, 403 for somebody who is banned
   * @throws {UnavailableError} it cannot be known: nobody passes then
   */
  allow(admitted: Admitted, roomId: number | undefined): Promise<void>;
}

/** Who passes to what is for `kind`; see {@link Access}. */
export function door(kind: Access, { guard, access }: AccessServices): Door {
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
      refuse(verdict);
    },
  };
}

/** Query parameters that say who the sender is; see {@link credentials}. */
export const SENDER_PARAMETERS = ['userId', 'username'] as const;

/** What a request says about its sender. */
export function credentials(ctx: Context): Credentials {
  return {
    authorization: ctx.req.headers.authorization,
    cookie: ctx.req.headers.cookie,
    userId: single(ctx, 'userId'),
    username: single(ctx, 'username'),
  };
}

/** @throws {Refusal} unless the verdict is that somebody may come in */
export function refuse(verdict: Verdict | undefined): void {
  switch (verdict) {
    case 'ok':
      return;
    case 'revoked':
      throw new Refusal('unauthenticated', 'invalid');
    case 'banned':
      throw new Refusal('user_banned');
    case 'banned-from-room':
      throw new Refusal('banned');
    case undefined:
      throw new Error('the access list gave no verdict');
    default:
      verdict satisfies never;
  }
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
