import { Refusal } from '@chorus/protocol';
import type { Answer, Request } from './transport.js';

/** The HTTP response to a request that is refused. */
export function answerTo(request: Request, refusal: Refusal): Answer {
  return { status: refusal.status, body: refusal.bodyFor(request), headers: refusal.headers };
}

/** @throws {Refusal} 400 that names the first query parameter that is not known */
export function refuseUnknown({ query }: Request, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name)) throw new Refusal('unknown_field', name);
  }
}
