import type { CurrentMessage, Position } from '@chorus/protocol';

/** A message of the history. What a page needs of most messages is their JSON, which exists already. */
export interface HistoryMessage extends Position {
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  /** Returns the message as it is now. */
  current(): CurrentMessage;
  /** Returns the message as JSON; undefined for one that must be serialised, or that looks different for each user. */
  json(): string | undefined;
}

/** A message to which changes were applied. */
export class FoldedMessage implements HistoryMessage {
  readonly epoch: number;
  readonly seq: number;
  readonly sentAt: number;

  constructor(private readonly message: CurrentMessage) {
    const { epoch, seq, sentAt } = message;
    this.epoch = epoch;
    this.seq = seq;
    this.sentAt = sentAt;
  }

  current(): CurrentMessage {
    return this.message;
  }

  json(): undefined {
    return undefined;
  }
}
