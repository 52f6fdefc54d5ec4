import { isAfter, type Position } from '@chorus/protocol';

/** The session that sent a message. */
export interface Sender {
  acknowledge(ack: Ack): void;
}

/** A room, as far as acks wait for its messages. */
export interface AckedRoom {
  readonly id: number;
  /** Acks that wait for their message to be delivered on this node. */
  acks: Ack[] | undefined;
}

/** The acknowledgement of one message, which its sender gets once. */
export class Ack {
  sent = false;

  constructor(
    readonly sender: Sender,
    readonly room: AckedRoom,
    readonly clientMsgId: string,
    readonly position: Position,
  ) {}

  send(): void {
    if (this.sent) return;
    this.sent = true;
    this.sender.acknowledge(this);
  }
}

/**
 * Holds acks back until the message itself is handed to the sockets of this node, its sender's among them, so that both
 * leave in one `write`. Redis answers a moment before it delivers.
 *
 * No ack waits for long, whatever becomes of the message, and none is lost or sent twice.
 */
export class HeldAcks {
  /** Acks of this period and of the last one; some may have been sent meanwhile. */
  #young: Ack[] = [];
  #old: Ack[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param periodMs no ack waits for longer than two of these, in milliseconds */
  constructor(private readonly periodMs: number) {}

  /** @param delivered up to where the room was handed to the sockets of this node */
  add(ack: Ack, delivered: Position): void {
    if (!isAfter(ack.position, delivered)) {
      ack.send();
      return;
    }
    const { room } = ack;
    if (room.acks === undefined) room.acks = [ack];
    else room.acks.push(ack);
    this.#young.push(ack);
    this.#timer ??= setTimeout(() => this.#endPeriod(), this.periodMs);
  }

  /** Sends what waits for a sender that is about to close. */
  flush(sender: Sender): void {
    for (const ack of [...this.#old, ...this.#young]) if (ack.sender === sender) ack.send();
  }

  #endPeriod(): void {
    for (const ack of this.#old) {
      if (ack.sent) continue;
      ack.send();
      forgetSent(ack.room);
    }
    this.#old = this.#young;
    this.#young = [];
    this.#timer = this.#old.length === 0 ? undefined : setTimeout(() => this.#endPeriod(), this.periodMs);
  }
}

/** A room for which acks wait was just published up to there: the acks leave with the messages, at the end of this tick. */
export function sendDelivered(room: AckedRoom, upTo: Position): void {
  for (const ack of room.acks ?? []) if (!isAfter(ack.position, upTo)) ack.send();
  forgetSent(room);
}

function forgetSent(room: AckedRoom): void {
  const waiting = room.acks?.filter(({ sent }) => !sent);
  room.acks = waiting === undefined || waiting.length === 0 ? undefined : waiting;
}
