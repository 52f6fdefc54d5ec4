import { type ControlEvent, MemoryRoomDirectory, MemoryRoomStore } from '@chorus/broker';
import { IGNORE } from '@chorus/broker/testing';
import type { Database } from '@chorus/database';
import type { Logger } from '@chorus/service';
import { silentLog } from '@chorus/testing';
import { ArchivedEntries } from '../rooms/mirror/archived-entries.js';
import { RoomMirror, type RoomMirrorOptions } from '../rooms/mirror/room-mirror.js';
import { RoomRepository } from '../rooms/repository.js';

/** Age of a change at which the mirror considers it half done, in milliseconds. */
export const SETTLE_AFTER_MS = 5_000;

/** Rooms in a database and in memory, and what a mirror between them does. */
export class MirrorFixture {
  readonly repository: RoomRepository;
  readonly entries: ArchivedEntries;
  /** Time of the directory, in milliseconds. */
  now = 1_000_000;
  readonly rooms = new MemoryRoomStore();
  readonly directory = new MemoryRoomDirectory(this.rooms, () => this.now);
  /** Events that gateways would receive. */
  readonly events: ControlEvent[] = [];
  /** Steps of the mirror, in order. */
  readonly steps: string[] = [];
  readonly bans = {
    bringIn: async (): Promise<void> => {
      this.steps.push('bans');
    },
  };
  readonly log: Logger = silentLog;

  /** Starts with an empty database. */
  static async create(db: Database): Promise<MirrorFixture> {
    await db.$executeRaw`TRUNCATE rooms RESTART IDENTITY CASCADE`;
    return new MirrorFixture(db);
  }

  private constructor(private readonly db: Database) {
    this.repository = new RoomRepository(db);
    this.entries = new ArchivedEntries(db);
    this.rooms.channels.attach({
      ...IGNORE,
      onControl: (event) => this.events.push(event),
    });
    const markComplete = this.directory.markComplete.bind(this.directory);
    this.directory.markComplete = () => {
      this.steps.push('complete');
      return markComplete();
    };
  }

  mirror(options: Partial<RoomMirrorOptions> = {}, log = this.log): RoomMirror {
    const { repository, entries, directory, bans } = this;
    return new RoomMirror(repository, entries, directory, bans, log, {
      settleAfterMs: SETTLE_AFTER_MS,
      ...options,
    });
  }

  /** Creates a room in the database and returns its generation. */
  async create(id: number): Promise<number> {
    const { generation } = await this.db.room.create({ data: { id, name: 'room' } });
    return Number(generation);
  }

  async delete(id: number): Promise<void> {
    await this.db.room.deleteMany({ where: { id } });
  }

  seqOf(id: number): number | undefined {
    return this.rooms.room(id)?.at.seq;
  }

  /** Creates rooms with the ids 1 to `count` in the database. */
  async fill(count: number): Promise<void> {
    await this.db
      .$executeRaw`INSERT INTO rooms (id, name) SELECT id, 'room' FROM generate_series(1, ${count}::int) id`;
  }

  /** Stores a message in the database. */
  async archive(roomId: number, epoch: number, seq: number): Promise<void> {
    await this.db.message.create({
      data: {
        ...{ roomId, epoch, seq, messageId: `${seq}`, userId: 1, username: 'ann', content: '' },
        sentAt: new Date(),
      },
    });
  }
}
