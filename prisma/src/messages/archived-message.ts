import type { CurrentMessage, Position } from '@chorus/protocol';
import { readTime, rowReader } from '../adapter/column-types.js';
import type { Raw, RowReader } from '../adapter/prepared-query.js';
import { currentMessageOf, type MessageRow } from './message-row.js';

/** Number of `MESSAGE_COLUMNS`. */
export const MESSAGE_COLUMN_COUNT = 22;

/**
 * A message of the database as it was sent: its JSON is put together from the texts that PostgreSQL has sent, because reading all fields
 * of a page and serialising them again took longer than everything else that a request for it does.
 */
export class ArchivedMessage implements Position {
  readonly epoch: number;
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly sentAt: number;

  /** @param row values of `MESSAGE_COLUMNS` in their order, and any others */
  constructor(
    private readonly roomId: number,
    private readonly row: readonly Raw[],
    private readonly read: (row: Raw[]) => MessageRow,
  ) {
    this.epoch = Number(row[0]);
    this.seq = Number(row[1]);
    this.sentAt = readTime(row[7] ?? '').getTime();
  }

  /** Values of the columns after those of the message. */
  get more(): readonly Raw[] {
    return this.row.slice(MESSAGE_COLUMN_COUNT);
  }

  /** Returns the message with the changes that archivers have applied. */
  current(): CurrentMessage {
    return currentMessageOf(this.roomId, this.read([...this.row]));
  }

  /** Returns what {@link current} is as JSON; undefined for a message with more than text, or one that has changed. */
  json(): string | undefined {
    const [epoch, seq, n, id, userId, username, content, , clientMsgId, bot, ...more] = this.row;
    const [data, mentions, replyEpoch, , editedAt, changedEpoch, , deletedAt, , , replies] = more;
    const isPlain =
      data === null &&
      (mentions === null || mentions === '{}') &&
      replyEpoch === null &&
      editedAt === null &&
      changedEpoch === null &&
      deletedAt === null &&
      replies === '0';
    if (!isPlain) return undefined;
    const ordinal = n === null ? '' : `,"n":${n}`;
    const tag = clientMsgId === null ? '' : `,"clientMsgId":${JSON.stringify(clientMsgId)}`;
    const kind = bot === 't' ? ',"bot":true' : '';
    return (
      `{"seq":${seq},"epoch":${epoch}${ordinal},"type":"message","content":${JSON.stringify(content)},"roomId":${this.roomId},` +
      `"username":${JSON.stringify(username)},"userId":${userId},"id":${JSON.stringify(id)},"sentAt":${this.sentAt}${tag}${kind}}`
    );
  }
}

/** Reads rows of messages of a room, whose first columns are `MESSAGE_COLUMNS`. */
export function archivedMessages(roomId: number): RowReader<ArchivedMessage> {
  return (columns) => {
    const read = rowReader<MessageRow>(columns);
    return (row) => new ArchivedMessage(roomId, row, read);
  };
}
