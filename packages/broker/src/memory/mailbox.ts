import type { BrokerListener } from '../broker.js';

export type MailboxDelivery = (listener: BrokerListener) => void;

/** Deliveries to one broker: never within the publisher's call, always in order. */
export class Mailbox {
  #waiting: MailboxDelivery[] = [];
  #closed = false;

  constructor(private listener?: BrokerListener) {}

  listen(listener: BrokerListener): void {
    this.listener = listener;
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
    const deliveries = this.#waiting;
    this.#waiting = [];
    if (listener === undefined) return;
    for (const delivery of deliveries) if (!this.#closed) delivery(listener);
  }
}
