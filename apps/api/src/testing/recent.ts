import type { RoomHistory, StoredMessage } from '@chorus/broker';
import type { Database } from '@chorus/database';
import {
  type ChangeParts,
  encodeChange,
  isAfter,
  isChangeFrame,
  type Member,
  messageEncoder,
  openFrame,
  type Position,
  readChange,
  readMessage,
} from '@chorus/protocol';

/** A room's recent history that tests fill, archive, trim and make unavailable. */
export class TestRecent implements RoomHistory {
  at: Position = { epoch: 1_767_225_600_000, seq: 0 };
  messages: StoredMessage[] = [];
  failure: Error | undefined;
  /** Called when a read has its result, before it is returned. */
  afterRead: () => Promise<void> = async () => {};

  constructor(private readonly roomId: number) {}

  /** @returns the frame that sockets receive */
  publish(content: string, clientMsgId?: string): string {
    this.#next();
    const encode = messageEncoder(this.roomId, { id: 1, username: 'ann' });
    const tag = clientMsgId === undefined ? {} : { clientMsgId };
    const body = encode({ content, id: `gateway-1-${content}`, sentAt: 1_767_225_600_123, ...tag });
    return this.put(openFrame(this.at) + body);
  }

  /** @returns the frame that sockets receive */
  change(by: Member, parts: ChangeParts): string {
    this.#next();
    return this.put(openFrame(this.at) + encodeChange(this.roomId, by, parts));
  }

  /** Appends any text at the current position. */
  put(frame: string): string {
    this.messages.push({ ...this.at, frame: Buffer.from(frame) });
    return frame;
  }

  /** As after a restart of Redis. */
  newEpoch(): void {
    this.at = { epoch: this.at.epoch + 1_000, seq: this.at.seq };
  }

  /** Archives all messages and keeps the newest `keep`, as an archiver does. */
  async archive(db: Database, keep: number): Promise<void> {
    const taken = [...this.messages];
    const changes = taken.filter(({ frame }) => isChangeFrame(frame));
    await db.roomChange.createMany({
      data: changes.map((stored) => {
        const text = Buffer.from(stored.frame).toString();
        const change = readChange(this.roomId, stored, text.slice(text.indexOf('"type":')));
        const { epoch, seq, kind, userId, sentAt, body } = change;
        return { roomId: this.roomId, epoch, seq, n: seq, kind, userId, sentAt: new Date(sentAt), body };
      }),
      skipDuplicates: true,
    });
    const messages = taken.filter(({ frame }) => !isChangeFrame(frame));
    await db.message.createMany({
      data: messages.map((stored) => {
        const { message } = readMessage(this.roomId, stored, Buffer.from(stored.frame).toString());
        const { epoch, seq, id: messageId, userId, username, content, sentAt, clientMsgId } = message;
        const common = { roomId: this.roomId, epoch, seq, messageId, userId, username, content };
        return { ...common, sentAt: new Date(sentAt), clientMsgId: clientMsgId ?? null };
      }),
      skipDuplicates: true,
    });
    this.messages = this.messages.slice(Math.max(0, taken.length - keep));
  }

  async before(roomId: number, before: Position | undefined, limit: number): Promise<StoredMessage[]> {
    const fits = (message: StoredMessage): boolean => before === undefined || isAfter(before, message);
    return this.#answer(roomId, this.messages.filter(fits).slice(-limit));
  }

  async from(roomId: number, from: Position, limit: number): Promise<StoredMessage[]> {
    const fits = (message: StoredMessage): boolean => !isAfter(from, message);
    return this.#answer(roomId, this.messages.filter(fits).slice(0, limit));
  }

  async fromEach(
    rooms: ReadonlyArray<{ roomId: number; from: Position }>,
    limit: number,
  ): Promise<StoredMessage[][]> {
    return Promise.all(rooms.map(({ roomId, from }) => this.from(roomId, from, limit)));
  }

  #next(): void {
    this.at = { epoch: this.at.epoch, seq: this.at.seq + 1 };
  }

  async #answer(roomId: number, messages: StoredMessage[]): Promise<StoredMessage[]> {
    if (this.failure !== undefined) throw this.failure;
    await this.afterRead();
    return roomId === this.roomId ? messages : [];
  }
}
