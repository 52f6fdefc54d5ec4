import type { CurrentMessage, Position } from '@chorus/protocol';
import { readTime, rowReader } from '../adapter/column-types.js';
import type { Columns, Raw, RowReader } from '../adapter/prepared-query.js';
import { currentMessageOf, type MessageRow } from './message-row.js';

/** Where each column is in a row. */
type Places = Readonly<Record<keyof MessageRow, number> & Partial<Record<string, number>>>;

/** Places in the columns that a connection keeps for a statement. */
const placesOf = new WeakMap<Columns, Places>();

/**
 * A message of the database as it was sent: its JSON is put together from the texts that PostgreSQL has sent, because reading all fields
 * of a page and serialising them again took longer than everything else that a request for it does.
 */
export class ArchivedMessage implements Position {
  readonly epoch: number;
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly sentAt: number;

  /** @param row values of `MESSAGE_COLUMNS`, and any others */
  constructor(
    private readonly roomId: number,
    private readonly row: Raw[],
    private readonly columns: Columns,
    private readonly at: Places,
  ) {
    this.epoch = Number(row[at.epoch]);
    this.seq = Number(row[at.seq]);
    this.sentAt = readTime(row[at.sentAt] ?? '').getTime();
  }

  /** Returns the text of another column of the statement; null for none. */
  other(column: string): Raw {
    return this.row[this.at[column] ?? -1] ?? null;
  }

  /** Returns the message with the changes that archivers have applied. */
  current(): CurrentMessage {
    return currentMessageOf(this.roomId, rowReader<MessageRow>(this.columns)(this.row));
  }

  /** Returns what {@link current} is as JSON; undefined for a message with more than text, or one that has changed. */
  json(): string | undefined {
    const { row, at } = this;
    const mentions = row[at.mentions];
    const isPlain =
      row[at.data] === null &&
      (mentions === null || mentions === '{}') &&
      row[at.replyEpoch] === null &&
      row[at.editedAt] === null &&
      row[at.changedEpoch] === null &&
      row[at.deletedAt] === null &&
      row[at.replies] === '0';
    if (!isPlain) return undefined;
    const text = (place: number): string => JSON.stringify(row[place]);
    const [n, clientMsgId] = [row[at.n], row[at.clientMsgId]];
    const ordinal = n === null ? '' : `,"n":${n}`;
    const tag = clientMsgId === null ? '' : `,"clientMsgId":${JSON.stringify(clientMsgId)}`;
    const kind = row[at.bot] === 't' ? ',"bot":true' : '';
    return (
      `{"seq":${row[at.seq]},"epoch":${row[at.epoch]}${ordinal},"type":"message","content":${text(at.content)},"roomId":${this.roomId},` +
      `"username":${text(at.username)},"userId":${row[at.userId]},"id":${text(at.id)},"sentAt":${this.sentAt}${tag}${kind}}`
    );
  }
}

/** Returns a function that makes messages of a room of rows with `MESSAGE_COLUMNS`, and any others. */
export function messageMaker(columns: Columns): (roomId: number, row: Raw[]) => ArchivedMessage {
  let at = placesOf.get(columns);
  if (at === undefined) {
    at = Object.fromEntries(columns.map(({ name }, place) => [name, place])) as Places;
    placesOf.set(columns, at);
  }
  const places = at;
  return (roomId, row) => new ArchivedMessage(roomId, row, columns, places);
}

/** Reads rows of messages of a room. */
export function archivedMessages(roomId: number): RowReader<ArchivedMessage> {
  return (columns) => {
    const make = messageMaker(columns);
    return (row) => make(roomId, row);
  };
}
