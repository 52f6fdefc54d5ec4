import type { Activity } from '@chorus/broker';
import type { V1ServerFrame } from '@chorus/protocol';
import { silentLog, until } from '@chorus/testing';
import { Inboxes, type InboxesParts } from '../inbox/inboxes.js';
import type { InboxSocket } from '../inbox/watching-users.js';

export const INTERVAL_MS = 40;
export const MAX_QUEUED = 1_000;

/** A socket that keeps the frames that it is sent. */
export class FakeSocket implements InboxSocket {
  readonly frames: V1ServerFrame[] = [];
  readonly user: { readonly id: number };
  open = true;
  queuedBytes = 0;
  constructor(userId: number) {
    this.user = { id: userId };
  }
  send(frame: string | Uint8Array): void {
    this.frames.push(JSON.parse(Buffer.from(frame as Uint8Array).toString()));
  }
  get types(): string[] {
    return this.frames.map(({ type }) => type);
  }
  /** Parts of all `inbox` frames so far. */
  get news() {
    return this.frames.flatMap((frame) => (frame.type === 'inbox' ? frame.rooms : []));
  }
  /** Room and number of messages of each part of {@link news}. */
  get counts(): Array<[number, number]> {
    return this.news.map(({ roomId, messages }) => [roomId, messages]);
  }
  /** Resolves once that many frames have arrived. */
  received(frames: number): Promise<void> {
    return until(`${frames} frames`, () => this.frames.length >= frames);
  }
}

/** Inboxes with news and memberships that a test gives: user 1 is a member of rooms 7 and 8, 2 of 7, 3 of 8. */
export class InboxFixture {
  readonly inboxes: Inboxes;
  readonly rooms = new Map([
    [1, [7, 8]],
    [2, [7]],
    [3, [8]],
  ]);
  /** Number of times that the rooms of a user were read. */
  reads = 0;
  /** Called by each read, before it answers. */
  whileReading: () => Promise<void> | void = () => undefined;
  #seq = 0;

  constructor(parts: Partial<InboxesParts> = {}) {
    this.inboxes = new Inboxes({
      broker: { watchActivity: async () => undefined },
      access: {
        roomsOf: async (userId) => {
          this.reads++;
          const found = this.rooms.get(userId) ?? [];
          await this.whileReading();
          return found;
        },
      },
      ...{ intervalMs: INTERVAL_MS, maxRooms: 1_000, maxQueuedBytes: MAX_QUEUED, log: silentLog },
      ...parts,
    });
  }

  close(): void {
    this.inboxes.close();
  }

  /** Passes the news of a message on. @param by the user who sent it */
  publish(roomId: number, by: number, mentions: Array<number | 'room'> = []): void {
    const n = ++this.#seq;
    const users = mentions.filter((each) => each !== 'room');
    const mentioning = mentions.length === 0 ? [] : [{ by, users, room: mentions.includes('room') }];
    const about = { roomId, epoch: 5, seq: n, n, count: 1 };
    this.pass({ kind: 'messages', ...about, senders: [{ userId: by, n }], mentions: mentioning });
  }

  change(kind: 'added' | 'removed', roomId: number, userId: number): void {
    this.pass({ kind, roomId, userId });
  }

  pass(activity: Activity): void {
    this.inboxes.onActivity(activity);
  }

  /** Returns a socket of the user that watches. */
  async watch(userId: number): Promise<FakeSocket> {
    const socket = new FakeSocket(userId);
    await this.inboxes.watch(socket);
    return socket;
  }
}
