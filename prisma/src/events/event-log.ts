import { type Position, type ShownMessage, showMessage } from '@chorus/protocol';
import type { Database } from '../database.js';
import { currentMessageOf, MESSAGE_COLUMNS, type MessageRow } from '../messages/message-row.js';
import type { EventType } from './event-types.js';

/** Which events a reader receives. */
export interface EventFilter {
  /** Undefined: all types. */
  readonly types?: readonly string[] | undefined;
  /** Undefined: all events, also those of no room. */
  readonly rooms?: readonly number[] | undefined;
}

/** An event, with what it is about as that is at the time of reading. */
export interface LoggedEvent {
  /** Position in the log: ascending, and within a room in the order in which things happened. */
  readonly position: number;
  readonly type: EventType;
  readonly roomId: number | undefined;
  /** Position of the message that it is about. */
  readonly at: Position | undefined;
  /** The message as it is now; undefined if it is not kept any more, and for events of no message. */
  readonly message: ShownMessage | undefined;
  /** The user who acted, or whom the event is about. The name is undefined for a user without an account. */
  readonly user: { readonly id: number; readonly username: string | undefined } | undefined;
  readonly recordedAt: Date;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface EventPage {
  /** In ascending order of position. */
  readonly events: readonly LoggedEvent[];
  /** Position after which the next page begins. */
  readonly next: number;
  /** Whether the log has events after `next` already. */
  readonly more: boolean;
}

/** How far the log reaches. */
export interface EventLogEnds {
  /** Position of the last event. */
  readonly last: number;
  /** Position of the last event that was removed because of its age. */
  readonly removed: number;
}

interface Row extends Omit<MessageRow, 'epoch' | 'seq'> {
  epoch: bigint | null;
  seq: bigint | null;
  position: bigint;
  type: EventType;
  roomId: bigint | null;
  atEpoch: bigint | null;
  atSeq: bigint | null;
  eventUserId: bigint | null;
  eventUsername: string | null;
  recordedAt: Date;
  about: Record<string, unknown> | null;
}

/** Events looked at for one page. Most pages of a narrow filter are empty, and `next` goes on. */
const SCANNED = 5_000;

/** The log of events. A position is a safe cursor: nothing appears in the log before a position that was read. */
export class EventLog {
  /** @param retentionDays retention of messages; undefined for none */
  constructor(
    private readonly db: Pick<Database, '$queryRawUnsafe' | 'prepared'>,
    private readonly retentionDays?: number,
  ) {}

  async ends(): Promise<EventLogEnds> {
    const text = 'SELECT position AS last, removed FROM event_log';
    const [ends] = await this.db.prepared.rows<EventLogEnds>({ text, values: [] });
    return ends ?? { last: 0, removed: 0 };
  }

  /** Returns the events after a position, at most `limit`. */
  async page(after: number, limit: number, { types, rooms }: EventFilter = {}): Promise<EventPage> {
    const { last } = await this.ends();
    const upTo = Math.min(last, after + SCANNED);
    const rows = await this.db.$queryRawUnsafe<Row[]>(
      `SELECT e.position, e.type, e.room_id AS "roomId", e.epoch AS "atEpoch", e.seq AS "atSeq", e.user_id AS "eventUserId",
        u.username AS "eventUsername", e.at AS "recordedAt", e.data AS about, ${MESSAGE_COLUMNS}
      FROM events e LEFT JOIN users u ON u.id = e.user_id LEFT JOIN rooms ON rooms.id = e.room_id
      LEFT JOIN messages m ON m.room_id = e.room_id AND m.epoch = e.epoch AND m.seq = e.seq
        AND m.sent_at > coalesce(now() - least(rooms.retention_days, $6::int) * interval '1 day', '-infinity')
      WHERE e.position > $1::bigint AND e.position <= $2::bigint
        AND ($4::text[] IS NULL OR e.type = ANY($4::text[])) AND ($5::bigint[] IS NULL OR e.room_id = ANY($5::bigint[]))
      ORDER BY e.position LIMIT $3::int`,
      ...[after, upTo, limit, types ?? null, rooms?.map(BigInt) ?? null, this.retentionDays ?? null],
    );
    const events = rows.map(eventOf);
    const next = events.length < limit ? Math.max(after, upTo) : (events.at(-1)?.position ?? after);
    return { events, next, more: next < last };
  }
}

/** Id of an event for readers of the log and webhooks. */
export function eventIdOf(position: number | bigint): string {
  return `evt_${position}`;
}

/** Returns an event as readers of the log and webhooks receive it. */
export function eventJson({ position, type, recordedAt, ...event }: LoggedEvent) {
  const { roomId, at, user, message, data } = event;
  const about = at === undefined ? {} : { ...at, message: message ?? null };
  return {
    id: eventIdOf(position),
    type,
    timestamp: recordedAt.toISOString(),
    data: { roomId, user: user && { id: user.id, username: user.username ?? null }, ...about, ...data },
  };
}

function eventOf({ position, type, recordedAt, about, ...row }: Row): LoggedEvent {
  const { roomId, atEpoch, atSeq, eventUserId, eventUsername, epoch, seq, ...rest } = row;
  const room = roomId === null ? undefined : Number(roomId);
  const found =
    room === undefined || epoch === null || seq === null
      ? undefined
      : currentMessageOf(room, { ...rest, epoch, seq });
  return {
    ...{ position: Number(position), type, roomId: room, recordedAt, data: about ?? {} },
    at: atEpoch === null || atSeq === null ? undefined : { epoch: Number(atEpoch), seq: Number(atSeq) },
    message: found && showMessage(found, undefined),
    user:
      eventUserId === null ? undefined : { id: Number(eventUserId), username: eventUsername ?? undefined },
  };
}
