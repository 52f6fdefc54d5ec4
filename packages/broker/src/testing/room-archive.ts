import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '@chorus/testing';
import type { Position } from '../broker.js';
import { isAfter } from '../broker.js';
import type { MirroredRoom, RestoredMessage, RoomDirectory } from '../room-directory.js';
import { type RoomArchive, RoomRestorer } from '../room-restorer.js';

const NOWHERE: Position = { epoch: 0, seq: 0 };
const NOW = 1;

/** The database of rooms, and the API that maintains them. */
export class TestRoomArchive implements RoomArchive {
  readonly #messages = new Map<number, RestoredMessage[]>();
  readonly #generations = new Map<number, number>();

  /** Adds a room. */
  add(roomId: number, generation = 0): void {
    this.#generations.set(roomId, generation);
    if (!this.#messages.has(roomId)) this.#messages.set(roomId, []);
  }

  delete(roomId: number): void {
    this.#generations.delete(roomId);
    this.#messages.delete(roomId);
  }

  /** Stores messages, as an archiver does; idempotent. */
  store(roomId: number, messages: ReadonlyArray<Position & { body: string; idempotencyKey?: string }>): void {
    const stored = new Map(
      (this.#messages.get(roomId) ?? []).map((each) => [`${each.epoch}-${each.seq}`, each]),
    );
    for (const { epoch, seq, body, idempotencyKey = '' } of messages) {
      stored.set(`${epoch}-${seq}`, { epoch, seq, body, idempotencyKey });
    }
    this.#messages.set(
      roomId,
      [...stored.values()].sort((a, b) => (isAfter(a, b) ? 1 : -1)),
    );
  }

  all(): MirroredRoom[] {
    return [...this.#generations].map(([id, generation]) => {
      const { epoch, seq } = this.#messages.get(id)?.at(-1) ?? NOWHERE;
      // Time stands still here: every message is new.
      return { id, generation, last: { epoch, seq }, lastSentAt: seq > 0 ? NOW : 0 };
    });
  }

  async rooms(ids: readonly number[]): Promise<{ rooms: readonly MirroredRoom[]; now: number }> {
    return { rooms: this.all().filter(({ id }) => ids.includes(id)), now: NOW };
  }

  async after(roomId: number, after: Position, limit: number): Promise<readonly RestoredMessage[]> {
    return (this.#messages.get(roomId) ?? []).filter((message) => isAfter(message, after)).slice(0, limit);
  }

  async afterEach(
    rooms: ReadonlyArray<{ id: number; after: Position }>,
    limit: number,
  ): Promise<ReadonlyMap<number, readonly RestoredMessage[]>> {
    const found = await Promise.all(
      rooms.map(async ({ id, after }) => [id, await this.after(id, after, limit)] as const),
    );
    return new Map(found.filter(([, messages]) => messages.length > 0));
  }

  async newest(roomId: number, limit: number): Promise<readonly RestoredMessage[]> {
    return (this.#messages.get(roomId) ?? []).slice(-limit);
  }

  /** Makes all rooms whole. */
  async bringIn(directory: RoomDirectory): Promise<void> {
    await new RoomRestorer(directory, this, silentLog).bringIn(this.all(), NOW);
    await directory.markComplete();
  }

  /** Maintains the rooms, as an API does, until the end of the test. */
  lookAfter(directory: RoomDirectory): { close(): Promise<void> } {
    let closed = false;
    const loop = async (): Promise<void> => {
      while (!closed) {
        await directory
          .isComplete()
          .then((complete) => (complete ? undefined : this.bringIn(directory)))
          .catch(() => undefined);
        await sleep(20);
      }
    };
    const done = loop();
    return {
      close: () => {
        closed = true;
        return done;
      },
    };
  }
}
