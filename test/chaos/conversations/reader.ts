import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '@chorus/testing';
import { ask, type Caller } from './ask.js';
import type { Records } from './draft.js';
import { type ShownMessage, viewed } from './viewed.js';

const PAUSE_MS = [100, 500] as const;
const QUERIES = ['limit=20', 'after=0-0&limit=100', 'changedSince=0-0', 'before=9007199254740991-0&limit=50'];

/** Requests the history and the properties of rooms all the time, and records what it is given. */
export async function readOnAndOn(
  caller: Caller,
  userId: number,
  roomIds: readonly number[],
  records: Records,
  prng: Prng,
): Promise<void> {
  while (!caller.signal.aborted) {
    const roomId = prng.pick(roomIds);
    const draft = records.of(roomId);
    const askedAt = performance.now();
    const isPage = prng.next() < 0.7;
    const path = isPage ? `/messages?${prng.pick(QUERIES)}` : prng.pick(['', '/members']);
    const { status, body } = await ask(caller, 'GET', `/api/rooms/${roomId}${path}`).catch(() => ENDED);
    const at = performance.now();
    if (status === 200) {
      draft?.glimpses.push({ at, askedAt, userId, by: 'reader', what: `GET /api/rooms/:roomId${path}` });
    }
    if (status === 200 && isPage) {
      const { messages } = body as { messages: ShownMessage[] };
      draft?.pages.push({
        at,
        askedAt,
        userId,
        messages: messages.map((message) => viewed(message, userId)),
      });
    }
    await sleep(prng.between(...PAUSE_MS), undefined, { signal: caller.signal }).catch(() => {});
  }
}

const ENDED = { status: 0, body: undefined };
