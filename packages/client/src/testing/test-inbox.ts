import { ChorusError } from '../chorus-error.js';
import type { InboxRoom } from '../http/api-types.js';
import type { HistorySource } from '../options.js';

/** The routes of the API about inboxes. */
export class TestInbox {
  /** By latest activity. */
  rooms: InboxRoom[] = [];
  pageSize = 100;
  /** The next answers: these come before any other. */
  readonly failures: Error[] = [];
  readonly asked: unknown[] = [];
  #held: Promise<void> | undefined;

  /** Holds back the next answers until they are released. They are as of the moment of the request. */
  held(): { release(): void } {
    let release = (): void => {};
    this.#held = new Promise((resolve) => {
      release = resolve;
    });
    return { release };
  }

  readonly request: NonNullable<HistorySource['request']> = async (method, path, options = {}) => {
    const { query = {}, body } = options;
    const { cursor, roomId } = query;
    this.asked.push(body ?? (roomId === undefined ? [path, cursor] : [path, { roomId }]));
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const answer = this.#answer(method, Number(cursor ?? 0), roomId);
    await this.#held;
    return answer as never;
  };

  #answer(method: string, from: number, roomId: unknown): object {
    if (method === 'PUT') return { readPosition: null, readN: 0 };
    if (roomId === undefined) {
      const to = from + this.pageSize;
      return { rooms: this.rooms.slice(from, to), next: to < this.rooms.length ? String(to) : null };
    }
    const rooms = this.rooms.filter(({ room }) => room.id === roomId);
    if (rooms.length === 0) throw new ChorusError('room_not_found', 'no such room', false, { status: 404 });
    return { rooms, next: null };
  }
}
