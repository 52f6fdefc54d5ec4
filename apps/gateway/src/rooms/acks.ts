import { isAfter, type Position } from '@chorus/protocol';

/** Whoever said something. */
export interface Sender {
  acknowledge(ack: Ack): void;
}

/** A room, as far as acks wait for its messages. */
export interface AckedRoom {
  readonly id: number;
  /** Acks of messages that are still to be delivered on this node. */
  acks: Ack[] | undefined;
}

/** What a sender is to be told about one message, once. */
export class Ack {
  told = false;

  constructor(
    readonly sender: Sender,
    readonly room: AckedRoom,
    readonly clientMsgId: string,
    readonly position: Position,
  ) {}

  tell(): void {
    if (this.told) return;
    this.told = true;
    this.sender.acknowledge(this);
  }
}

/**
 * Holds acks back until the message itself is handed to the sockets of this node, its sender's among them, so that both
 * leave in one `write`. Redis answers a moment before it delivers.
 *
 * No ack waits for long, whatever becomes of the message, and none is lost or sent twice.
 */
export class Acks {
  /** Of this period and of the last one; some may have been told meanwhile. */
  #young: Ack[] = [];
  #old: Ack[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param periodMs no ack waits for longer than two of these, in milliseconds */
  constructor(private readonly periodMs: number) {}

  /** @param delivered up to where the room was handed to the sockets of this node */
  add(ack: Ack, delivered: Position): void {
    if (!isAfter(ack.position, delivered)) {
      ack.tell();
      return;
    }
    const { room } = ack;
    if (room.acks === undefined) room.acks = [ack];
    else room.acks.push(ack);
    this.#young.push(ack);
    this.#timer ??= setTimeout(() => this.#endPeriod(), this.periodMs);
  }

  /** The sender takes nothing any more in a moment: what waits for it is told now. */
  flush(sender: Sender): void {
    for (const ack of [...this.#old, ...this.#young]) if (ack.sender === sender) ack.tell();
  }

  #endPeriod(): void {
    for (const ack of this.#old) {
      if (ack.told) continue;
      ack.tell();
      forgetTold(ack.room);
    }
    this.#old = this.#young;
    this.#young = [];
    this.#timer = this.#old.length === 0 ? undefined : setTimeout(() => this.#endPeriod(), this.periodMs);
  }
}

/** A room for which acks wait was just published up to there: what they wait for leaves at the end of this turn. */
export function tellDelivered(room: AckedRoom, upTo: Position): void {
  for (const ack of room.acks ?? []) if (!isAfter(ack.position, upTo)) ack.tell();
  forgetTold(room);
}

function forgetTold(room: AckedRoom): void {
  const waiting = room.acks?.filter(({ told }) => !told);
  room.acks = waiting === undefined || waiting.length === 0 ? undefined : waiting;
}
