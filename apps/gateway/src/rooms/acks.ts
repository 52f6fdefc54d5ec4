import { isAfter, type Position } from '@chorus/protocol';

/** The session that sent a message. */
export interface AckReceiver {
  acknowledge(ack: Ack): void;
}

/** The acks that wait for messages of a room. */
export interface AckedRoom {
  readonly id: number;
  /** Acks that wait until their message is delivered on this node. */
  acks: Ack[] | undefined;
}

/** The acknowledgement of one message, sent to its sender exactly once. */
export class Ack {
  sent = false;

  constructor(
    readonly sender: AckReceiver,
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
 * Holds acks back until the message itself is published to the sockets of this node, the sender's included, so that
 * both leave in one `write`. Redis answers a moment before it delivers.
 *
 * Each ack is sent exactly once and after a bounded time, even if the message is not delivered here.
 */
export class HeldAcks {
  /** Acks of the current period and of the previous one; some may have been sent already. */
  #young: Ack[] = [];
  #old: Ack[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param periodMs an ack waits for at most two of these, in milliseconds */
  constructor(private readonly periodMs: number) {}

  /** @param delivered position up to which the room was delivered on this node */
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

  /** Sends the acks of a sender that is about to close. */
  flush(sender: AckReceiver): void {
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

/**
 * Sends the acks of messages that were just published, at the end of this tick, so that they leave with the messages.
 */
export function sendDelivered(room: AckedRoom, upTo: Position): void {
  for (const ack of room.acks ?? []) if (!isAfter(ack.position, upTo)) ack.send();
  forgetSent(room);
}

function forgetSent(room: AckedRoom): void {
  const waiting = room.acks?.filter(({ sent }) => !sent);
  room.acks = waiting === undefined || waiting.length === 0 ? undefined : waiting;
}
