import { formatPosition, isAfter, type Position } from '@chorus/protocol/constants';
import { asChorusError, type ChorusError } from '../chorus-error.js';
import { fullJitter } from '../connection/backoff.js';
import type { Message } from '../types.js';
import type { RoomHost } from './room-host.js';

export interface CatchUpOptions {
  readonly roomId: number;
  readonly host: RoomHost;
  /** Position of the last entry delivered to the application. */
  position(): Position;
  /** Position to reach. */
  target(): Position;
  /** False when the catch-up was cancelled. */
  wanted(): boolean;
  /** Never resolves once the catch-up is cancelled. */
  wait(ms: number): Promise<void>;
  deliver(message: Message): void;
}

/** Largest page of the history API. */
const PAGE = 100;

/**
 * Delivers missed messages from the history API, oldest first, up to the target. Resolves with an error if it failed
 * for good; with undefined when it is complete or was cancelled.
 */
export async function catchUp(options: CatchUpOptions): Promise<ChorusError | undefined> {
  const { roomId, host } = options;
  let failures = 0;
  let succeededAt = performance.now();
  while (options.wanted()) {
    try {
      const after = formatPosition(options.position());
      const { messages, after: more } = await host.api.messages(roomId, { after, limit: PAGE });
      for (const message of messages) if (options.wanted()) options.deliver(message);
      const last = messages.at(-1);
      // Not the position: messages after the target may not be delivered, and changes are not in the history.
      if (more === null || last === undefined || !isAfter(options.target(), last)) return;
      failures = 0;
      succeededAt = performance.now();
    } catch (cause) {
      const error = asChorusError(cause);
      if (!error.retry || performance.now() - succeededAt > host.catchUpWithinMs) return error;
      const wait = (error.retryAfterMs ?? 0) + fullJitter(failures++, host.backoff, host.random);
      await options.wait(wait);
    }
  }
  return undefined;
}
