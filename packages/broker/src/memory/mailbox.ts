import type { ActivityListener, BrokerListener } from '../broker.js';

export type MailboxDelivery = (listener: BrokerListener, activity: ActivityListener) => void;

/** Deliveries to one broker: never within the publisher's call, always in order. */
export class Mailbox {
  #waiting: MailboxDelivery[] = [];
  #closed = false;

  #activity: ActivityListener | undefined;

  constructor(private listener?: BrokerListener) {
    this.#activity = listener;
  }

  listen(listener: BrokerListener, activity: ActivityListener = listener): void {
    this.listener = listener;
    this.#activity = activity;
  }

  put(delivery: MailboxDelivery): void {
    this.#waiting.push(delivery);
    if (this.#waiting.length === 1) setImmediate(() => this.#deliver());
  }

  close(): void {
    this.#closed = true;
  }

  #deliver(): void {
    const { listener } = this;
    const activity = this.#activity;
    const deliveries = this.#waiting;
    this.#waiting = [];
    if (listener === undefined || activity === undefined) return;
    for (const delivery of deliveries) if (!this.#closed) delivery(listener, activity);
  }
}
