import { type Database, isDataRefused, type PreparedStatements } from '@chorus/database';
import type { MessageFrame } from '@chorus/protocol';
import type { Logger } from '@chorus/service';

/** Largest amount of text of one statement, in characters: more would only take longer until it can be given up. */
const MAX_STATEMENT_CHARS = 4_194_304;
/** A failed statement is retried with half as many messages, down to this number. */
const MIN_STATEMENT_MESSAGES = 16;

/**
 * Outcome for a room's messages.
 * - `stored`: all are in the database;
 * - `gone`: the room does not exist any more; there is nothing to store;
 * - `later`: the room is being deleted, or was created after the messages were read, so that they may belong to a
 *   deleted room with this id. They must not be settled; reading them again shows.
 */
export type Outcome = 'stored' | 'gone' | 'later';

/** In ascending order of severity. */
const OUTCOMES: readonly Outcome[] = ['stored', 'gone', 'later'];

interface RoomRow {
  id: bigint | string;
  stored: boolean;
}

/**
 * Locks rooms against deletion first, so that a room deleted meanwhile is left out instead of failing the statement.
 * `SKIP LOCKED`: a deletion in progress may take long.
 *
 * $1: the rooms; $2: time since their messages were read, in milliseconds; $3: the messages as JSON.
 */
const SAVE = `
  WITH known AS MATERIALIZED (
    SELECT id, created_at <= now() - $2::int * interval '1 ms' AS older FROM rooms
    WHERE id = ANY($1::bigint[]) FOR KEY SHARE SKIP LOCKED
  ), stored AS (
    INSERT INTO messages
      (room_id, epoch, seq, message_id, user_id, username, content, sent_at, client_msg_id)
    SELECT m."roomId", m.epoch, m.seq, m.id, m."userId", m.username, m.content,
      timestamptz 'epoch' + m."sentAt" * interval '1 ms', m."clientMsgId"
    FROM json_to_recordset($3::json) AS m(
      "roomId" bigint, epoch bigint, seq bigint, id text, "userId" bigint, username text, content text,
      "sentAt" bigint, "clientMsgId" text)
    JOIN known ON known.id = m."roomId" AND known.older
    -- One order for all archivers: two that store equal messages do not deadlock.
    ORDER BY m."roomId", m.epoch, m.seq
    ON CONFLICT DO NOTHING
  )
  SELECT rooms.id, coalesce(known.older, false) AS stored
  FROM rooms LEFT JOIN known ON known.id = rooms.id WHERE rooms.id = ANY($1::bigint[])`;

/** The archive: the messages in PostgreSQL. */
export class MessageStore {
  #statementMessages: number;

  /** @param prepared stores messages with less latency than `db` */
  constructor(
    private readonly db: Database,
    private readonly maxStatementMessages: number,
    private readonly log: Logger,
    private readonly prepared?: PreparedStatements,
  ) {
    this.#statementMessages = maxStatementMessages;
  }

  /**
   * Stores messages. Messages that are stored already stay unchanged. Older messages of a room are stored first.
   * After a rejection, some may be stored.
   *
   * @param messages those of a room in order
   * @param readAt when they were read from the rooms' streams, on the clock of `performance.now()`
   * @returns the outcome of each room
   */
  async save(messages: readonly MessageFrame[], readAt: number): Promise<Map<number, Outcome>> {
    const outcomes = new Map<number, Outcome>();
    for (let at = 0; at < messages.length; ) {
      const part = this.#nextPart(messages, at);
      try {
        await this.#insert(part, readAt, outcomes);
      } catch (error) {
        // The statement may have been too large for a slow database.
        this.#statementMessages = Math.max(MIN_STATEMENT_MESSAGES, Math.floor(this.#statementMessages / 2));
        throw error;
      }
      this.#statementMessages = Math.min(this.maxStatementMessages, this.#statementMessages * 2);
      at += part.length;
    }
    return outcomes;
  }

  /** Rejects unless PostgreSQL answers, is migrated and would accept messages. Stores nothing. */
  async ping(): Promise<void> {
    await this.db.$executeRaw`INSERT INTO messages SELECT * FROM messages WHERE false`;
  }

  #nextPart(messages: readonly MessageFrame[], from: number): MessageFrame[] {
    const part: MessageFrame[] = [];
    let chars = 0;
    for (let at = from; at < messages.length && part.length < this.#statementMessages; at++) {
      const message = messages[at];
      if (message === undefined) break;
      chars += message.content.length;
      if (part.length > 0 && chars > MAX_STATEMENT_CHARS) break;
      part.push(message);
    }
    return part;
  }

  /** One message that PostgreSQL refuses must not keep others, or its room, from being stored. */
  async #insert(
    messages: readonly MessageFrame[],
    readAt: number,
    outcomes: Map<number, Outcome>,
  ): Promise<void> {
    try {
      const rooms = [...new Set(messages.map((message) => message.roomId))];
      const found = await this.#statement(messages, rooms, readAt);
      for (const room of rooms) note(outcomes, room, found.get(room) ?? 'gone');
    } catch (error) {
      const [message] = messages;
      if (!isDataRefused(error) || message === undefined) throw error;
      if (messages.length > 1) {
        const half = Math.ceil(messages.length / 2);
        await this.#insert(messages.slice(0, half), readAt, outcomes);
        await this.#insert(messages.slice(half), readAt, outcomes);
        return;
      }
      const { roomId, epoch, seq } = message;
      const empty = {
        ...message,
        content: '',
        username: '',
        userId: 0,
        id: `${roomId}-${epoch}-${seq}`,
        sentAt: 0,
      };
      await this.#statement([empty], [roomId], readAt).then((found) =>
        note(outcomes, roomId, found.get(roomId) ?? 'gone'),
      );
      this.log.error(
        { roomId, epoch, seq, error: String(error) },
        'the database refuses a message: only its place was stored',
      );
    }
  }

  async #statement(
    messages: readonly MessageFrame[],
    rooms: readonly number[],
    readAt: number,
  ): Promise<Map<number, Outcome>> {
    const json = JSON.stringify(messages);
    // A duration is passed, not a time, so that the two clocks need not agree.
    const elapsedMs = Math.floor(performance.now() - readAt);
    const values = [rooms, elapsedMs, json] as const;
    const rows =
      this.prepared === undefined
        ? await this.db.$queryRawUnsafe<RoomRow[]>(SAVE, ...values)
        : await this.prepared.query<RoomRow>('save', SAVE, values);
    return new Map(rows.map((row) => [Number(row.id), row.stored ? 'stored' : 'later']));
  }
}

function note(outcomes: Map<number, Outcome>, roomId: number, outcome: Outcome): void {
  const before = outcomes.get(roomId) ?? 'stored';
  outcomes.set(roomId, OUTCOMES.indexOf(outcome) > OUTCOMES.indexOf(before) ? outcome : before);
}
