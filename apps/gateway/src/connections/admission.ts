import { type Guard, requestTokens, type VerifiedToken } from '@chorus/auth';
import { type AccessList, type AccessVerdict, requireAccess, type Subject } from '@chorus/control';
import { type Member, Refusal } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import { clientAddress, type OriginPolicy, RecentCounts } from '@chorus/service';
import type { GatewayConfig } from '../config.js';
import type { HttpRequest } from '../transport/transport.js';
import type { ConnectionRegistry } from './connection-registry.js';
import type { ConnectionSlot } from './connection-slot.js';
import { TokenBucket } from './token-bucket.js';
import type { UserBudget } from './user-budget.js';
import type { UserBudgetRegistry } from './user-budget-registry.js';

/** A client that may open a socket. */
export interface AdmittedClient {
  readonly user: Member;
  /** Undefined with `AUTH=open`. */
  readonly token: VerifiedToken | undefined;
  /** The caller opens it with the socket and releases it when the socket ends. */
  readonly slot: ConnectionSlot;
  /** Budget of the user on this node, shared by all sockets of the user. */
  readonly budget: UserBudget;
}

export interface AdmissionParts {
  readonly config: Pick<
    GatewayConfig,
    | 'trustedProxies'
    | 'maxConnections'
    | 'maxConnectsPerSecond'
    | 'maxConnectionsPerUser'
    | 'maxConnectionsPerAddress'
    | 'maxRefusedPerAddress'
  >;
  readonly connections: ConnectionRegistry;
  readonly budgets: Pick<UserBudgetRegistry, 'of'>;
  readonly origins: OriginPolicy;
  readonly guard: Guard;
  readonly access: Pick<AccessList, 'check'>;
  /** Whether the copy of the access list certainly admits the user; see `AccessCopy`. */
  admits(subject: Subject): boolean;
}

/** The user, as the access list knows one. */
export function subjectOf({ user, token }: Pick<AdmittedClient, 'user' | 'token'>): Subject {
  return { userId: user.id, tokenId: token?.tokenId, generation: token?.generation };
}

/** Period over which an address's refused tokens are counted, in milliseconds. */
const REFUSED_PERIOD_MS = 5_000;

/**
 * Decides whether a client gets a socket on this node. Checks capacity first, then the identity, then the access list.
 * Only requests with a valid token count against the node's connects per second.
 */
export class Admission {
  /** Refuses every further socket. */
  closed = false;
  readonly #parts: AdmissionParts;
  readonly #connects: TokenBucket;
  /** Invalid tokens by address. */
  readonly #refused = new RecentCounts(REFUSED_PERIOD_MS);

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    this.#connects = new TokenBucket(parts.config.maxConnectsPerSecond);
  }

  /**
   * Takes a slot. To be called first, before a request costs more than its refusal. The caller releases the slot if no
   * socket is opened.
   *
   * @throws {Refusal} 429 for an address with too many sockets, 503 when the node takes no more
   */
  takeSlot(request: HttpRequest): ConnectionSlot {
    const { config, connections } = this.#parts;
    if (this.closed) throw new Refusal('draining');
    const forwardedFor = request.header('x-forwarded-for');
    const address = clientAddress(request.remoteAddress, forwardedFor, config.trustedProxies);
    if (connections.countFrom(address) >= config.maxConnectionsPerAddress) {
      throw new Refusal('address_limit');
    }
    if (connections.taken >= config.maxConnections) {
      throw new Refusal('gateway_full');
    }
    return connections.take(address);
  }

  /**
   * Identifies the user of a request and checks the user's limits.
   * @param roomId the room that the socket is for, if it is for one
   * @throws {Refusal} 403 for a page of a foreign origin, 401 without a valid token, 400 or 403 for a query that is
   *   malformed or names another user, 429 for an address with too many invalid tokens or a user with too many sockets
   *   or connects, 503 for too many connects of all users together
   */
  identify(request: HttpRequest, slot: ConnectionSlot, roomId?: number): AdmittedClient {
    const { config, guard } = this.#parts;
    const authorization = request.header('authorization');
    const cookie = this.#cookieOf(request);
    const hasToken = authorization !== undefined || cookie !== undefined;
    // Checked before the token is verified, which is the most expensive step. A request without a token costs nothing.
    if (hasToken && this.#refused.of(slot.address) >= config.maxRefusedPerAddress) {
      throw new Refusal('too_many_invalid_tokens');
    }
    const admission = guard.admit({
      authorization,
      cookie,
      userId: request.query.get('userId') ?? undefined,
      username: request.query.get('username') ?? undefined,
    });
    if (!admission.ok) {
      if (hasToken) this.#refused.add(slot.address);
      throw admission.refusal;
    }
    const { user, token } = admission;
    if (user === undefined) throw new Refusal('invalid_field', 'userId', 'is required');
    return this.#claim(user, token, slot, roomId);
  }

  /**
   * Whether the request carries no credentials, so that the socket's first frame may carry them.
   * @throws {Refusal} 403 for a page of a foreign origin
   */
  mayAuthenticateLater(request: HttpRequest): boolean {
    return (
      this.#parts.guard.mode === 'token' &&
      request.header('authorization') === undefined &&
      !request.query.has('userId') &&
      // Checked last: judging the origin is the most expensive step.
      requestTokens(undefined, this.#cookieOf(request)).length === 0
    );
  }

  /**
   * Like {@link identify}, for a token that came as a frame.
   * @throws {Refusal} 401 for an invalid token, 429 and 503 as `identify`
   */
  identifyToken(text: string, slot: ConnectionSlot): AdmittedClient {
    const { config, guard } = this.#parts;
    if (this.#refused.of(slot.address) >= config.maxRefusedPerAddress) {
      throw new Refusal('too_many_invalid_tokens');
    }
    const admission = guard.authenticate({ authorization: `Bearer ${text}` });
    if (!admission.ok || admission.user === undefined) {
      this.#refused.add(slot.address);
      throw new Refusal('unauthenticated', 'invalid');
    }
    return this.#claim(admission.user, admission.token, slot);
  }

  #claim(
    user: Member,
    token: VerifiedToken | undefined,
    slot: ConnectionSlot,
    roomId?: number,
  ): AdmittedClient {
    const { config, connections } = this.#parts;
    if (connections.countOf(user.id) >= config.maxConnectionsPerUser) {
      throw new Refusal('user_limit');
    }
    const now = performance.now();
    const budget = this.#parts.budgets.of(user.id, now);
    if (!budget.connect(now)) {
      throw new Refusal('user_connects_too_often');
    }
    if (!this.#connects.take(now)) {
      throw new Refusal('too_many_connects');
    }
    const client = { user, token, roomId, slot, budget };
    slot.claim(client);
    return client;
  }

  /** Whether the user is certainly admitted. If not, {@link allow} must decide. */
  admits(subject: Subject): boolean {
    return this.#parts.admits(subject);
  }

  /**
   * Checks the access list for the user. Revocations and bans after {@link identify} reach the claimed
   * slot, so none is lost between this answer and the opening of the socket.
   *
   * @throws {Refusal} 401 for a revoked token, 403 for a banned user, 503 while the access list cannot be read
   */
  async allow(client: AdmittedClient): Promise<void> {
    const { access } = this.#parts;
    let verdict: AccessVerdict | undefined;
    try {
      [verdict] = await access.check([subjectOf(client)]);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      throw new Refusal('unavailable');
    }
    requireAccess(verdict);
  }

  /**
   * Returns the cookie of a request. Browsers send cookies with upgrades that any page requests, so the cookie counts
   * only if the page has the origin of the request itself or a listed origin. Other programs send no origin.
   *
   * @throws {Refusal} 403 for a page of a foreign origin
   */
  #cookieOf(request: HttpRequest): string | undefined {
    const cookie = request.header('cookie');
    const verdict = this.#parts.origins.judge((name) => request.header(name));
    if (verdict === 'refused') throw new Refusal('origin_not_allowed');
    if (verdict !== 'any') return cookie;
    if (cookie !== undefined) this.#parts.origins.cookieIgnored(request.header('origin') ?? '');
    return undefined;
  }
}
