import { createHash } from 'node:crypto';
import { Refusal } from '@chorus/protocol';
import type { Context } from '../http/context.js';
import { unavailable } from '../http/unavailable.js';
import type { Caller } from '../keys/api-key.js';
import { idempotencyKeyOf } from './idempotency-key.js';
import { type Remember, RepeatedRequest } from './remember.js';
import type { Answer, RequestKey, StoredAnswer, StoredAnswers } from './stored-answers.js';

/** A request that creates something. */
export interface CreatingRequest {
  /** See {@link callerOf}. */
  readonly caller: string;
  /** Id of the operation. */
  readonly operation: string;
  /** Validated input. */
  readonly input: unknown;
}

/** A request with an `Idempotency-Key`: what it creates is created once. */
export class Once {
  constructor(
    private readonly answers: StoredAnswers,
    private readonly key: RequestKey,
    private readonly request: Uint8Array<ArrayBuffer>,
  ) {}

  /** Returns what stores the answer with what the request creates. */
  remember<T>(answerOf: (made: T) => Answer): Remember<T> {
    const { answers, key, request } = this;
    return {
      async store(tx, made) {
        if (!(await answers.add(tx, key, request, answerOf(made)))) throw new RepeatedRequest();
      },
      forget: (tx) => answers.remove(tx, key),
    };
  }

  /** Answer to an earlier request with this key. @throws {Refusal} 422 the earlier request was another one */
  async earlier(): Promise<StoredAnswer | undefined> {
    const found = await this.answers.find(this.key);
    if (found === undefined || Buffer.compare(found.request, this.request) === 0) return found;
    throw new Refusal('idempotency_key_reused');
  }
}

/**
 * Performs a request, or repeats the answer to an earlier one with the same `Idempotency-Key` and caller. A request that fails leaves the key
 * unused.
 * @param act gets undefined for a request without a key
 * @returns the body of the answer
 * @throws {Refusal} 422 the earlier request was another one; 409 its answer had a secret
 */
export async function answerOnce<R>(
  ctx: Context,
  answers: StoredAnswers,
  { caller, operation, input }: CreatingRequest,
  act: (once: Once | undefined) => Promise<R>,
): Promise<R> {
  const key = idempotencyKeyOf(ctx);
  if (key === undefined) return act(undefined);
  const request = createHash('sha256')
    .update(JSON.stringify([operation, input]))
    .digest();
  const once = new Once(answers, { caller, key }, Uint8Array.from(request));
  const before = await once.earlier();
  if (before !== undefined) return repeated(ctx, before);
  try {
    return await act(once);
  } catch (error) {
    // A request at the same moment was first, or it is unknown whether the transaction was committed.
    const since = await once.earlier().catch(() => undefined);
    if (since !== undefined) return repeated(ctx, since);
    throw error instanceof RepeatedRequest ? unavailable(error) : error;
  }
}

/** Who makes a request, as far as keys are concerned: different callers may use the same key. */
export function callerOf({ user, key }: Caller): string {
  if (key !== undefined) return `key:${key.id}:${user?.id ?? 0}`;
  return user === undefined ? 'anyone' : `user:${user.id}`;
}

function repeated<R>(ctx: Context, { body, createdId, location }: StoredAnswer): R {
  const headers = location === undefined ? {} : { Location: location };
  if (body === undefined) throw new Refusal('already_created', createdId).with(headers);
  ctx.set({ ...headers, 'Idempotency-Replayed': 'true' });
  return body as R;
}
