import { Refusal } from '@chorus/protocol';
import type { HttpAnswer, HttpRequest } from './transport.js';

/** The HTTP response to a refused request. */
export function answerTo(request: HttpRequest, refusal: Refusal): HttpAnswer {
  return { status: refusal.status, body: refusal.bodyFor(request), headers: refusal.headers };
}

/** Refuses unknown query parameters. @throws {Refusal} 400 that names the first one */
export function refuseUnknown({ query }: HttpRequest, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name)) throw new Refusal('unknown_field', name);
  }
}
