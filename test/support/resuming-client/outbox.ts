import type { Position } from '@chorus/protocol';

/** A message of one's own that was not answered for good yet. */
export interface Draft {
  readonly roomId: number;
  readonly clientMsgId: string;
  readonly content: string;
  /** How often it was sent. */
  attempts: number;
  /** Sent over the connection that is open now, and not answered. */
  underWay: boolean;
  resolve(position: Position): void;
  reject(error: Error): void;
}

/** What a client has to say, per room in the order in which it was said, until it is acknowledged. */
export class Outbox {
  readonly #rooms = new Map<number, Map<string, Draft>>();

  add(draft: Draft): void {
    let room = this.#rooms.get(draft.roomId);
    if (room === undefined) {
      room = new Map();
      this.#rooms.set(draft.roomId, room);
    }
    room.set(draft.clientMsgId, draft);
  }

  get(roomId: number, clientMsgId: string): Draft | undefined {
    return this.#rooms.get(roomId)?.get(clientMsgId);
  }

  /** Takes it out: it was answered, and will not be sent again. */
  settle(roomId: number, clientMsgId: string): Draft | undefined {
    const draft = this.get(roomId, clientMsgId);
    this.#rooms.get(roomId)?.delete(clientMsgId);
    return draft;
  }

  /** What has to be sent in this room now, in order. */
  waiting(roomId: number): Draft[] {
    return [...(this.#rooms.get(roomId)?.values() ?? [])].filter(({ underWay }) => !underWay);
  }

  /** The connection is gone, and with it every answer that it owed. */
  interrupted(): void {
    for (const room of this.#rooms.values()) for (const draft of room.values()) draft.underWay = false;
  }

  /** Takes out all of a room, or all there is. */
  *drain(roomId?: number): Iterable<Draft> {
    for (const [id, room] of this.#rooms) {
      if (roomId !== undefined && id !== roomId) continue;
      this.#rooms.delete(id);
      yield* room.values();
    }
  }

  get size(): number {
    let size = 0;
    for (const room of this.#rooms.values()) size += room.size;
    return size;
  }
}
