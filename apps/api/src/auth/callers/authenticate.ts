import { type Admission, type Credentials, type Guard, isKeyToken, keyOf } from '@chorus/auth';
import { type AccessList, type RoomVerdict, requireAccess } from '@chorus/control';
import { type KeyScope, parseId, Refusal } from '@chorus/protocol';
import type { Context } from '../../http/context.js';
import { USER_HEADER } from '../../keys/api-key.js';
import type { KeyVerifier } from '../../keys/key-verifier.js';
import { scopeRequired } from '../../keys/require-scope.js';
import type { RoomChecks } from './room-checks.js';

/** Who may use an operation. */
export type Access =
  | 'anyone'
  /** A program with an API key that has the scope. */
  | 'key'
  /** A user with a token that is neither expired nor revoked, and without a ban from everything. */
  | 'token'
  /** As `token`; with `AUTH=open` also a user without a token. A ban from the room in the path refuses as well. */
  | 'rooms';

/** What decides whether a user may use an operation. */
export interface AccessServices {
  readonly guard: Guard;
  readonly access: AccessList;
  readonly roomChecks: RoomChecks;
  readonly keys: KeyVerifier;
}

type Admitted = Omit<Extract<Admission, { ok: true }>, 'ok'>;

/** The sender of a public operation. */
const ANYONE: Admitted = { user: undefined, token: undefined };

/** The two steps of admitting a request. */
interface Authorizer {
  /** Returns the sender, from the request alone or by the API key. @throws {Refusal} 400, 401 or 403 */
  identify(ctx: Context): Admitted | Promise<Admitted>;
  /**
   * Checks the sender against the access list.
   * @param roomId room of the request: a ban from it refuses the sender
   * @returns what the mirror holds of the sender and the room, for mirrored operations
   * @throws {Refusal} 401 for a revoked token, 403 for a banned user
   * @throws {UnavailableError} the access list does not answer; the request must be refused
   */
  allow(admitted: Admitted, roomId: number | undefined): Promise<RoomVerdict | undefined>;
}

/**
 * Returns the steps that admit requests to operations of one kind of {@link Access}.
 * @param scope what API keys need for the operation; undefined: they may not use it
 * @param mirrored see `Declaration.mirrored`
 */
export function authorizer(
  kind: Access,
  scope: KeyScope | undefined,
  { guard, access, roomChecks, keys }: AccessServices,
  mirrored = false,
): Authorizer {
  return {
    identify(ctx) {
      if (kind === 'anyone') return ANYONE;
      const key = keyOf(ctx.req.headers.authorization);
      if (key !== undefined) return identifyKey(ctx, key, scope, keys);
      if (ctx.get(USER_HEADER) !== '') throw new Refusal('invalid_field', USER_HEADER, 'needs an API key');
      switch (kind) {
        case 'key':
          throw new Refusal('unauthenticated', 'keyMissing');
        case 'token':
          return admitted(ctx, guard.authenticate(credentials(ctx)));
        case 'rooms':
          return admitted(ctx, guard.admit(credentials(ctx)));
        default:
          return kind satisfies never;
      }
    },
    async allow({ user, token }, roomId) {
      if (user === undefined) return undefined;
      const subject = { userId: user.id, tokenId: token?.tokenId, generation: token?.generation, roomId };
      if (!mirrored || roomId === undefined) {
        const [verdict] = await access.check([subject]);
        requireAccess(verdict);
        return undefined;
      }
      const found = await roomChecks.check({ ...subject, roomId });
      requireAccess(found.verdict);
      return found;
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

/** A key in `Authorization` decides alone: cookies are ignored, and the query must not name a user. */
async function identifyKey(
  ctx: Context,
  text: string,
  scope: KeyScope | undefined,
  keys: KeyVerifier,
): Promise<Admitted> {
  const key = await keys.verify(text);
  ctx.state.key = key;
  if (scope === undefined || !key.scopes.has(scope)) throw scopeRequired(scope);
  for (const name of SENDER_PARAMETERS) {
    if (ctx.query[name] !== undefined) throw new Refusal('unknown_field', name);
  }
  const named = ctx.get(USER_HEADER);
  if (named !== '' && !key.scopes.has('act-as')) throw scopeRequired('act-as');
  const id = named === '' ? key.botId : parseId(named);
  const user = id === undefined ? undefined : await keys.user(id);
  if (user === undefined && named !== '') {
    throw new Refusal('invalid_field', USER_HEADER, 'is not the id of a user');
  }
  // The bot was deleted a moment ago, and its keys with it.
  if (user === undefined && key.botId !== undefined) throw new Refusal('unauthenticated', 'key');
  ctx.state.user = user;
  return { user, token: undefined };
}

function admitted(ctx: Context, admission: Admission): Admitted {
  if (!admission.ok) throw admission.refusal;
  if (admission.token !== undefined && isKeyToken(admission.token)) {
    throw new Refusal('unauthenticated', 'socketToken');
  }
  ctx.state.user = admission.user;
  ctx.state.token = admission.token;
  return admission;
}

function single(ctx: Context, name: string): string | undefined {
  const value = ctx.query[name];
  if (Array.isArray(value)) throw new Refusal('repeated_parameter', name);
  return value;
}
