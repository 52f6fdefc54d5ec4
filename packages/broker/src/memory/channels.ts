import type { Activity } from '../activity.js';
import type { BrokerListener, ControlEvent } from '../broker.js';
import { Mailbox, type MailboxDelivery } from './mailbox.js';

/** Deliveries to the brokers of one process; the counterpart of the channels of Redis. */
export class MemoryChannels {
  /** By room id. As in Redis, a subscription does not require that the room exists. */
  readonly #subscribers = new Map<number, Set<Mailbox>>();
  readonly #mailboxes = new Set<Mailbox>();
  /** Those that watch the activity of all rooms. */
  readonly #watching = new Set<Mailbox>();

  attach(listener?: BrokerListener): Mailbox {
    const mailbox = new Mailbox(listener);
    this.#mailboxes.add(mailbox);
    return mailbox;
  }

  detach(mailbox: Mailbox): void {
    this.#mailboxes.delete(mailbox);
    this.#watching.delete(mailbox);
    for (const roomId of this.#subscribers.keys()) this.unsubscribe(roomId, mailbox);
    mailbox.close();
  }

  subscribe(roomId: number, mailbox: Mailbox): void {
    const subscribers = this.#subscribers.get(roomId);
    if (subscribers === undefined) this.#subscribers.set(roomId, new Set([mailbox]));
    else subscribers.add(mailbox);
  }

  unsubscribe(roomId: number, mailbox: Mailbox): void {
    const subscribers = this.#subscribers.get(roomId);
    if (subscribers?.delete(mailbox) && subscribers.size === 0) this.#subscribers.delete(roomId);
  }

  watchActivity(mailbox: Mailbox): void {
    this.#watching.add(mailbox);
  }

  /** Whether a broker watches the activity of all rooms. */
  get isWatched(): boolean {
    return this.#watching.size > 0;
  }

  deliver(roomId: number, delivery: MailboxDelivery): void {
    for (const mailbox of this.#subscribers.get(roomId) ?? []) mailbox.put(delivery);
  }

  control(event: ControlEvent): void {
    for (const mailbox of this.#mailboxes) mailbox.put((listener) => listener.onControl(event));
  }

  activity(activity: Activity): void {
    for (const mailbox of this.#watching) mailbox.put((_, listener) => listener.onActivity?.(activity));
  }
}
