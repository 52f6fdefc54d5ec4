import { createDatabase, type Database } from '@chorus/database';
import type { Closeable } from '@chorus/service';
import type { Observer } from '../worlds/world.js';
import type { HistoryApi } from './api.js';
import type { RoomEnd, StoredMessage } from './history.js';

const TIMEOUT_MS = 10_000;
const FIRST = { epoch: 0, seq: 0 };

/** Reads the final state of a cluster: from its database, and by its API. */
export class DatabaseObserver implements Observer, Closeable {
  readonly #db: Database;

  constructor(
    databaseUrl: string,
    private readonly api: HistoryApi,
    private readonly token: string,
    private readonly roomIds: readonly number[],
  ) {
    this.#db = createDatabase(databaseUrl, { poolSize: 2, timeoutMs: TIMEOUT_MS });
  }

  archived(): Promise<number> {
    return this.#db.message.count({ where: { roomId: { in: this.roomIds.map(BigInt) } } });
  }

  present(roomId: number): Promise<number[]> {
    return this.api.present(roomId, this.token);
  }

  async room(roomId: number): Promise<RoomEnd> {
    const rows = await this.#db.message.findMany({
      where: { roomId: BigInt(roomId) },
      orderBy: [{ epoch: 'asc' }, { seq: 'asc' }],
    });
    const archive = rows.map(
      (row): StoredMessage => ({
        ...{ roomId: Number(row.roomId), epoch: Number(row.epoch), seq: Number(row.seq), id: row.messageId },
        ...{ userId: Number(row.userId), username: row.username, content: row.content },
        ...(row.clientMsgId === null ? {} : { clientMsgId: row.clientMsgId }),
      }),
    );
    const pages = await this.api.after(roomId, this.token, FIRST);
    return { roomId, archive, pages, present: await this.present(roomId) };
  }

  close(): Promise<void> {
    return this.#db.$disconnect();
  }
}

/** Reads the final state of standalone by its API alone: no other process reaches the database. */
export class PagesObserver implements Observer {
  constructor(
    private readonly api: HistoryApi,
    private readonly token: string,
    private readonly roomIds: readonly number[],
  ) {}

  async archived(): Promise<number> {
    let count = 0;
    for (const roomId of this.roomIds) count += (await this.api.after(roomId, this.token, FIRST)).length;
    return count;
  }

  present(roomId: number): Promise<number[]> {
    return this.api.present(roomId, this.token);
  }

  async room(roomId: number): Promise<RoomEnd> {
    const pages = await this.api.after(roomId, this.token, FIRST);
    return { roomId, archive: pages, pages, present: await this.present(roomId) };
  }
}
