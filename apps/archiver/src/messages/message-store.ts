import { type Database, isDataRefused, LISTENED, type PreparedStatements } from '@chorus/database';
import type { MessageFrame, Position } from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import { ChangeStore } from '../changes/change-store.js';
import { type ArchiveEntry, changesOthers } from '../changes/read-entries.js';
import { standInFor } from '../changes/stand-in.js';
import { moveReads, ownReadings } from '../reads/own-reading.js';
import type { Outcome } from './outcome.js';

/** Largest amount of text of one statement, in characters: more would only take longer until it can be given up. */
const MAX_STATEMENT_CHARS = 4_194_304;
/** A failed statement is retried with half as many messages, down to this number. */
const MIN_STATEMENT_MESSAGES = 16;

/** In ascending order of severity. */
const OUTCOMES: readonly Outcome[] = ['stored', 'gone', 'later'];

interface RoomRow {
  id: bigint | string;
  stored: boolean;
}

/**
 * Locks rooms against deletion first, so that a room deleted meanwhile is left out instead of failing the statement.
 * `SKIP LOCKED`: a deletion in progress may take long. Then it locks the heads of the rooms, in ascending order of id, as every
 * transaction does that stores entries: two archivers that store equal entries, after a lease ended, do not deadlock. The
 * first message of an emptied room makes its `oldest_at` unknown again. Events are recorded for messages that were not stored before, under
 * the locks of the heads: so those of a room are in the order of the messages.
 *
 * $1: the rooms; $2: time since their messages were read, in milliseconds; $3: the messages as JSON; $4: the last of each room; $5: what
 * their senders have read.
 */
const saveStatement = (columns: string, values: string, fields: string): string => `
  WITH known AS MATERIALIZED (
    SELECT id, created_at <= now() - $2::int * interval '1 ms' AS older FROM rooms
    WHERE id = ANY($1::bigint[]) FOR KEY SHARE SKIP LOCKED
  ), heads AS (
    INSERT INTO room_heads AS head (room_id, epoch, seq, n, sent_at)
    SELECT h."roomId", h.epoch, h.seq, h.n, timestamptz 'epoch' + h."sentAt" * interval '1 ms'
    FROM json_to_recordset($4::json) AS h("roomId" bigint, epoch bigint, seq bigint, n bigint, "sentAt" bigint)
    JOIN known ON known.id = h."roomId" AND known.older
    ORDER BY h."roomId"
    ON CONFLICT (room_id) DO UPDATE
      -- Always written, because this locks the row.
      SET (epoch, seq, n) = (
        SELECT newest.* FROM (VALUES (head.epoch, head.seq, head.n), (excluded.epoch, excluded.seq, excluded.n))
          newest(epoch, seq, n) ORDER BY newest.epoch DESC, newest.seq DESC LIMIT 1
      ), sent_at = greatest(head.sent_at, excluded.sent_at),
        oldest_at = CASE head.oldest_at WHEN 'infinity' THEN '-infinity' ELSE head.oldest_at END
    RETURNING room_id, removed_epoch, removed_seq
  ), stored AS (
    INSERT INTO messages
      (room_id, epoch, seq, message_id, user_id, username, content, sent_at, client_msg_id${columns})
    SELECT m."roomId", m.epoch, m.seq, m.id, m."userId", m.username, m.content,
      timestamptz 'epoch' + m."sentAt" * interval '1 ms', m."clientMsgId"${values}
    FROM json_to_recordset($3::json) AS m(
      "roomId" bigint, epoch bigint, seq bigint, id text, "userId" bigint, username text, content text,
      "sentAt" bigint, "clientMsgId" text${fields})
    -- Sorting reads all heads first, so they are locked before the first message is stored.
    JOIN heads ON heads.room_id = m."roomId"
      -- A message that is stored again must not come back after the retention has removed it.
      AND (m.epoch, m.seq) > (heads.removed_epoch, heads.removed_seq)
    ORDER BY m."roomId", m.epoch, m.seq
    ON CONFLICT DO NOTHING
    RETURNING room_id, epoch, seq, user_id
  ), recorded AS (
    INSERT INTO event_outbox (type, room_id, epoch, seq, user_id)
    SELECT 'message.created', room_id, epoch, seq, user_id FROM stored WHERE ${LISTENED} ORDER BY room_id, epoch, seq
  ), ${moveReads('$5', 'JOIN heads ON heads.room_id = own."roomId"')}
  SELECT rooms.id, coalesce(known.older, false) AS stored
  FROM rooms LEFT JOIN known ON known.id = rooms.id WHERE rooms.id = ANY($1::bigint[])`;

const SAVE = saveStatement('', '', '');
/** For messages of rooms with changes, of bots, and with data. */
const SAVE_MORE = saveStatement(
  ', n, bot, data',
  ', m.n, m.bot, m."dataText"::json',
  ', n bigint, bot boolean, "dataText" text',
);

/** The archive: the messages in PostgreSQL. */
export class MessageStore {
  #statementMessages: number;
  readonly #changes: ChangeStore;

  /**
   * @param prepared stores messages with less latency than `db`
   * @param historySize see {@link ChangeStore}
   */
  constructor(
    private readonly db: Database,
    private readonly maxStatementMessages: number,
    private readonly log: Logger,
    private readonly prepared?: PreparedStatements,
    historySize = 1_000,
  ) {
    this.#statementMessages = maxStatementMessages;
    this.#changes = new ChangeStore(db, historySize, log);
  }

  /**
   * Stores entries. Entries that are stored already change nothing. Older entries of a room are stored first.
   * After a rejection, some may be stored.
   *
   * @param entries those of a room in order
   * @param readAt when they were read from the rooms' streams, on the clock of `performance.now()`
   * @returns the outcome of each room
   */
  async save(entries: readonly ArchiveEntry[], readAt: number): Promise<Map<number, Outcome>> {
    const outcomes = new Map<number, Outcome>();
    const messages = await this.#saveChanges(entries, readAt, outcomes);
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

  /** See `ChangeStore.deletedText`. */
  deletedText(roomId: number, messages: readonly Position[]): Promise<Position[]> {
    return this.#changes.deletedText(roomId, messages);
  }

  /** Rejects unless PostgreSQL answers, is migrated and would accept messages. Stores nothing. */
  async ping(): Promise<void> {
    await this.db.$executeRaw`INSERT INTO messages SELECT * FROM messages WHERE false`;
  }

  /** Stores the entries of rooms that need more than an insert. @returns the messages of the others */
  async #saveChanges(
    entries: readonly ArchiveEntry[],
    readAt: number,
    outcomes: Map<number, Outcome>,
  ): Promise<readonly MessageFrame[]> {
    const rooms = new Set(entries.filter(changesOthers).map(({ roomId }) => roomId));
    if (rooms.size === 0) return entries as readonly MessageFrame[];
    for (const roomId of rooms) {
      const own = entries.filter((entry) => entry.roomId === roomId);
      outcomes.set(roomId, await this.#changes.save(roomId, own, readAt));
    }
    return entries.filter((entry): entry is MessageFrame => !rooms.has(entry.roomId));
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
      const found = await this.#statement([standInFor(message)], [roomId], readAt);
      note(outcomes, roomId, found.get(roomId) ?? 'gone');
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
    const more = messages.some(({ n, bot, data }) => (n ?? bot ?? data) !== undefined);
    const json = JSON.stringify(more ? messages.map(withDataText) : messages);
    // A duration is passed, not a time, so that the two clocks need not agree.
    const elapsedMs = Math.floor(performance.now() - readAt);
    const heads = JSON.stringify(headsOf(messages));
    const values = [rooms, elapsedMs, json, heads, JSON.stringify(ownReadings(messages))] as const;
    const statement = more ? SAVE_MORE : SAVE;
    const rows =
      this.prepared === undefined
        ? await this.db.$queryRawUnsafe<RoomRow[]>(statement, ...values)
        : await this.prepared.rows<RoomRow>({ text: statement, values });
    return new Map(rows.map((row) => [Number(row.id), row.stored ? 'stored' : 'later']));
  }
}

/** The last message of each room. */
function headsOf(messages: readonly MessageFrame[]): object[] {
  const heads = new Map<number, object>();
  for (const { roomId, epoch, seq, n = seq, sentAt } of messages) {
    heads.set(roomId, { roomId, epoch, seq, n, sentAt });
  }
  return [...heads.values()];
}

/** Data stays text until PostgreSQL reads it, so that characters that it cannot store as text are no obstacle. */
function withDataText({ data, ...message }: MessageFrame): object {
  return data === undefined ? message : { ...message, dataText: JSON.stringify(data) };
}

function note(outcomes: Map<number, Outcome>, roomId: number, outcome: Outcome): void {
  const before = outcomes.get(roomId) ?? 'stored';
  outcomes.set(roomId, OUTCOMES.indexOf(outcome) > OUTCOMES.indexOf(before) ? outcome : before);
}
