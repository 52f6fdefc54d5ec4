import type { Database } from '@chorus/database';
import type { Pace } from '@chorus/service';
import { ENTRY_TABLES, FIRST, LAST, ROWS_AT_ONCE, removeRows } from './entry-rows.js';

/** Longest step, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** Deleted rooms whose rows wait to be removed. Their ids are free again afterwards. */
export class DeletedRooms {
  constructor(private readonly db: Database) {}

  /** Removes the rows of all of them. @returns the number of removed rows */
  async remove(pace: Pace): Promise<number> {
    const rooms = await this.db.deletedRoom.findMany({ orderBy: { deletedAt: 'asc' } });
    let removed = 0;
    for (const { roomId } of rooms) removed += await this.#removeRoom(Number(roomId), pace);
    return removed;
  }

  async #removeRoom(roomId: number, pace: Pace): Promise<number> {
    let removed = 0;
    for (const table of ENTRY_TABLES) {
      for (let [from, count] = [FIRST, ROWS_AT_ONCE]; count === ROWS_AT_ONCE; ) {
        if (pace.stopped) return removed;
        const step = await pace.step(() =>
          this.#locked(roomId, (tx) => removeRows(tx, table, roomId, from, LAST)),
        );
        // Another archiver has it.
        if (step === undefined) return removed;
        ({ count, last: from } = step);
        removed += count;
      }
    }
    await this.#locked(roomId, (tx) =>
      tx.$executeRawUnsafe('DELETE FROM deleted_rooms WHERE room_id = $1::bigint', roomId),
    );
    return removed;
  }

  /** Runs a step unless another archiver is at one of that room. */
  #locked<T>(
    roomId: number,
    step: (tx: Pick<Database, '$queryRawUnsafe' | '$executeRawUnsafe'>) => Promise<T>,
  ) {
    return this.db.$transaction(
      async (tx) => {
        const rows = await tx.$queryRawUnsafe<unknown[]>(
          'SELECT 1 FROM deleted_rooms WHERE room_id = $1::bigint FOR UPDATE SKIP LOCKED',
          roomId,
        );
        return rows.length === 0 ? undefined : step(tx);
      },
      { timeout: TIMEOUT_MS },
    );
  }
}
