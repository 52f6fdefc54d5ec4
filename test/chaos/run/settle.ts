import { setTimeout as sleep } from 'node:timers/promises';
import { isAfter, type MessageFrame } from '@chorus/protocol';
import type { Participant } from '../clients/participant.js';
import type { History } from '../history/history.js';
import type { Observer } from '../worlds/world.js';

export interface SettleOptions {
  participants: readonly Participant[];
  roomIds: readonly number[];
  observer: Observer;
  /** Every message that a client received. */
  messages: ReadonlyMap<string, MessageFrame>;
  promises: History['promises'];
  /** Redis lost something: not every received message can be stored. */
  lossy: boolean;
  signal: AbortSignal;
  /** Receives what is not as it must be. */
  say(line: string): void;
}

const LOOK_MS = 100;
/** How long clients may take to be connected and to have every answer, in milliseconds. */
const BACK_MS = 60_000;
const DELIVERED_MS = 5_000;
const ARCHIVED_MS = 20_000;
/** Several leases and pauses of archivers, in milliseconds. */
const UNCHANGED_MS = 6_000;
/** How long a stopping gateway keeps its users' places so that they can reconnect elsewhere, in milliseconds. */
const RELEASE_GRACE_MS = 10_000;
/** Time until a departure is noticed and announced, in milliseconds. */
const ANNOUNCE_MS = 2_500;
/** Every n-th client leaves for good at the end. */
const LEAVERS = 20;

/**
 * Runs after the last fault: waits until no message is in flight, lets some clients leave for good, and waits until
 * that is known everywhere. Every wait has a limit: the checker finds what is wrong then.
 */
export async function settle(options: SettleOptions): Promise<void> {
  const { participants, observer, messages, promises, signal } = options;
  const until = async (withinMs: number, holds: () => Promise<boolean> | boolean): Promise<void> => {
    const deadline = performance.now() + withinMs;
    while (!(await holds()) && performance.now() < deadline) await sleep(LOOK_MS, undefined, { signal });
  };
  await until(BACK_MS, () => participants.every(({ settled }) => settled));
  for (const { username, client, events } of participants.filter(({ settled }) => !settled)) {
    const last = JSON.stringify(events.slice(-8));
    options.say(
      `${username} is not settled (whole: ${client.whole}, unanswered: ${client.unanswered}): ${last}`,
    );
  }
  await until(DELIVERED_MS, () => allAreUpToDate(participants, messages));
  for (const [index, participant] of participants.entries()) {
    // A client that is still catching up would never get what it lacks.
    if (index % LEAVERS === 0 && participant.settled) participant.leaveForGood();
  }
  const departure = sleep(promises.leaseMs + promises.graceMs + ANNOUNCE_MS, undefined, { signal });
  const stored = new Stored(observer, messages.size, options.lossy);
  await until(ARCHIVED_MS, () => stored.all());
  await departure;
  await until(RELEASE_GRACE_MS, () => presenceAgrees(options));
}

/** Checks whether everything that can be stored is stored. */
class Stored {
  #last = -1;
  #since = 0;

  constructor(
    private readonly observer: Observer,
    private readonly expected: number,
    private readonly lossy: boolean,
  ) {}

  async all(): Promise<boolean> {
    const count = await this.observer.archived();
    if (count >= this.expected) return true;
    if (count !== this.#last) this.#since = performance.now();
    this.#last = count;
    return this.lossy && performance.now() - this.#since > UNCHANGED_MS;
  }
}

function allAreUpToDate(
  participants: readonly Participant[],
  messages: ReadonlyMap<string, MessageFrame>,
): boolean {
  const newest = new Map<number, MessageFrame>();
  for (const message of messages.values()) {
    const other = newest.get(message.roomId);
    if (other === undefined || isAfter(message, other)) newest.set(message.roomId, message);
  }
  // A plain client that missed the last message does not know of it.
  return participants.every(
    ({ client, roomIds, plain }) =>
      plain ||
      roomIds.every((roomId) => {
        const [position, last] = [client.position(roomId), newest.get(roomId)];
        return last === undefined || (position !== undefined && !isAfter(last, position));
      }),
  );
}

async function presenceAgrees({ participants, roomIds, observer }: SettleOptions): Promise<boolean> {
  for (const roomId of roomIds) {
    const there = new Set(
      participants
        .filter(({ roomIds, stays, client }) => stays && client.whole && roomIds.includes(roomId))
        .map(({ userId }) => userId),
    );
    const said = new Set(await observer.present(roomId));
    if (said.size !== there.size || ![...there].every((userId) => said.has(userId))) return false;
  }
  return true;
}
