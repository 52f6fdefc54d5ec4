import { type Database, PRESENCE_LISTENED } from '@chorus/database';
import { JOURNAL_START, type JournalSnapshot, type PresenceChange } from '@chorus/presence';
import { RECORD_PRESENCE } from './record-statement.js';

/** Rows of one statement while recording ends. */
const CLEARED_AT_ONCE = 5_000;

/** How far the journal of a partition is recorded. */
export interface RecordedJournal {
  readonly partition: number;
  /** What was read of the journal is recorded only while this is its version. */
  readonly version: number;
  readonly position: string;
  /** Incarnation of the data that the recorded users were compared with; null if they must be compared. */
  readonly incarnation: string | null;
  /** Whether events are recorded. */
  readonly recorded: boolean;
}

/** A change of the journal of a partition. */
export type JournalChange = PresenceChange & { readonly partition: number };

/** The users of some rooms of a partition at one moment. */
export type RoomSnapshot = Pick<JournalSnapshot, 'at' | 'members'> & { readonly partition: number };

interface MovedRow extends RecordedJournal {
  decided: number;
  inferred: number;
}

/** The events of presence in PostgreSQL, and what is needed to record each once. */
export class PresenceLog {
  /** Number of recorded events: that the store decided, and that were inferred by comparing. */
  readonly counts = { decided: 0, inferred: 0 };

  /** @param reader identity of this process @param leaseMs time after which another reader replaces one that died */
  constructor(
    private readonly db: Pick<Database, 'prepared'>,
    private readonly reader: string,
    private readonly leaseMs: number,
  ) {}

  /**
   * Takes or renews the lease if it is free or this reader's, and there is work. The lease only saves work: two readers that both believe to
   * hold it record each change once.
   * @returns `held`: whether this reader had the lease last; `wanted`: whether a program listens to presence
   */
  async standing(): Promise<{ held: boolean; wanted: boolean }> {
    const text = `
      WITH taken AS (
        UPDATE presence_reader SET leased_by = $1, leased_until = now() + $2::int * interval '1 millisecond'
        WHERE (leased_until IS NULL OR leased_until < now()
            OR leased_by = $1 AND leased_until < now() + $2::int * interval '0.7 milliseconds')
          -- An idle database is not written to.
          AND (${PRESENCE_LISTENED} OR EXISTS (SELECT FROM presence_journals WHERE recorded))
        RETURNING leased_by
      )
      SELECT coalesce((SELECT leased_by FROM taken), leased_by) = $1 AS held, ${PRESENCE_LISTENED} AS wanted FROM presence_reader`;
    const [row] = await this.#rows<{ held: boolean; wanted: boolean }>(text, [this.reader, this.leaseMs]);
    return row ?? { held: false, wanted: false };
  }

  /** Gives the lease back. */
  async release(): Promise<void> {
    await this.#rows('UPDATE presence_reader SET leased_until = NULL WHERE leased_by = $1', [this.reader]);
  }

  /** Returns the journals of these partitions; those that were never recorded begin. */
  async journals(partitions: readonly number[]): Promise<RecordedJournal[]> {
    const read = (): Promise<RecordedJournal[]> =>
      this.#rows(
        'SELECT partition, version, position, incarnation, recorded FROM presence_journals WHERE partition = ANY($1::int[])',
        [partitions],
      );
    const found = await read();
    if (found.length === partitions.length) return found;
    await this.#rows(
      'INSERT INTO presence_journals (partition, position) SELECT unnest($1::int[]), $2 ON CONFLICT DO NOTHING',
      [partitions, JOURNAL_START],
    );
    return read();
  }

  /**
   * Records changes, then what the snapshot says about its rooms, and moves the journals on.
   *
   * @param journals what the journals are to be, with the versions that they have
   * @returns the journals that were moved. Of others nothing is recorded: another reader has moved them
   */
  async record(
    journals: readonly RecordedJournal[],
    changes: readonly JournalChange[] = [],
    snapshot?: RoomSnapshot,
  ): Promise<Map<number, RecordedJournal>> {
    const rooms = [...(snapshot?.members ?? [])].map(([roomId, users]) => ({
      ...{ partition: snapshot?.partition, roomId, users },
    }));
    const rows = await this.#rows<MovedRow>(RECORD_PRESENCE, [
      JSON.stringify(journals),
      JSON.stringify(changes.map((change, n) => ({ ...change, n }))),
      JSON.stringify(rooms),
      snapshot?.at ?? 0,
    ]);
    this.counts.decided += rows[0]?.decided ?? 0;
    this.counts.inferred += rows[0]?.inferred ?? 0;
    return new Map(
      rows.map(({ partition, version, position, incarnation, recorded }) => [
        partition,
        { partition, version, position, incarnation, recorded },
      ]),
    );
  }

  /** Returns the rooms of a partition with users, and how many. */
  async rooms(partition: number): Promise<Map<number, number>> {
    const rows = await this.#rows<{ roomId: number; users: number }>(
      'SELECT room_id AS "roomId", count(*) AS users FROM present_users WHERE partition = $1::int GROUP BY room_id',
      [partition],
    );
    return new Map(rows.map(({ roomId, users }) => [roomId, users]));
  }

  /** No program listens any more: forgets who is present, in bounded steps. */
  async clear(): Promise<void> {
    await this.#rows(
      'UPDATE presence_journals SET version = version + 1, recorded = false, incarnation = NULL WHERE recorded',
      [],
    );
    const text = `WITH gone AS (
      DELETE FROM present_users WHERE ctid = ANY(ARRAY(SELECT ctid FROM present_users LIMIT ${CLEARED_AT_ONCE})) RETURNING 1
    ) SELECT count(*) AS gone FROM gone`;
    for (let gone = CLEARED_AT_ONCE; gone === CLEARED_AT_ONCE; ) {
      gone = (await this.#rows<{ gone: number }>(text, []))[0]?.gone ?? 0;
    }
  }

  #rows<Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.db.prepared.rows<Row>({ text, values });
  }
}
