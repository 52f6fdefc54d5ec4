import type { Answer, Request } from './transport.js';

/** Why an upgrade is refused, as metrics name it. */
export const REFUSAL_REASONS = [
  /** No such route, or a request that makes no sense. */
  'bad_request',
  /** No valid token, or one of somebody else. */
  'unauthenticated',
  'origin',
  'banned',
  'unknown_room',
  /** The limits: of the node, of its connects a second, of one address, of one user. */
  'full',
  'too_fast',
  'address_limit',
  'user_limit',
  /** Too many invalid tokens from the address. */
  'refused_often',
  'draining',
  /** Redis is away. */
  'unavailable',
  /** A bug. */
  'internal',
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Thrown on the way to an upgrade; becomes the HTTP answer. */
export class Refusal extends Error {
  override name = 'Refusal';

  constructor(
    readonly status: number,
    readonly reason: RefusalReason,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }

  get answer(): Answer {
    return { status: this.status, body: { error: this.message }, headers: this.headers };
  }
}

/** @throws {Refusal} 400 that names the first query parameter that is not known */
export function refuseUnknown({ query }: Request, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name)) throw new Refusal(400, 'bad_request', `${name} is not known here`);
  }
}
