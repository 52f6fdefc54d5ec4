import { isAfter, type Position } from '@chorus/protocol/constants';
import type { ClientFrame } from '@chorus/protocol/types';
import { asChorusError, ChorusError } from '../chorus-error.js';
import { NOWHERE } from '../places.js';
import type { Delivery, DeliveryState, SentMessage } from '../types.js';
import { type Draft, isMessage, type OutboxFrame } from './draft.js';
import { ageOf, moment } from './moment.js';
import type { ChangeOptions } from './room.js';
import type { RoomHost } from './room-host.js';

export interface OutboxOptions {
  readonly roomId: number;
  readonly host: RoomHost;
  /** Whether messages may be sent. */
  isJoined(): boolean;
  onChange(delivery: Delivery): void;
  /** The gateway refused a message because the room is not joined. */
  onNotJoined(): void;
  /** Runs the action after a pause, unless the connection or the room ends before. */
  later(action: () => void): void;
}

/** Largest number of sent or failed messages that are kept. */
const MOST_KEPT = 1_000;
/** Gateways recognise a repeated id for five minutes. */
const SAFE_TO_REPEAT_MS = 4 * 60_000;
const MESSAGE_ID = /^[\w.:-]{1,64}$/;

/**
 * The application's messages of one room, in order, until they are stored. Only one message is in flight at a time:
 * with more, a refusal of the first would change the order.
 *
 * After a reconnect an unacknowledged message is sent again only once the room has caught up: if it had arrived, the
 * client has received it by then. So gateways need to remember an id only from the join to the retry, not for the
 * whole absence.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #drafts = new Map<string, Draft>();
  readonly #queue: Draft[] = [];
  #current: Draft | undefined;
  #deliveries: readonly Delivery[] | undefined;
  /** A message was refused, and it is too early for a retry. */
  #paused = false;
  /** The next message waits for its turn in the pacer. */
  #scheduled = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get deliveries(): readonly Delivery[] {
    this.#deliveries ??= [...this.#drafts.values()].filter(isMessage).map(({ delivery }) => delivery);
    return this.#deliveries;
  }

  /** Whether there are acknowledged messages that are not known to be stored. */
  get awaitsStored(): boolean {
    return [...this.#drafts.values()].some(({ delivery }) => delivery.state === 'sent');
  }

  add(
    frame: OutboxFrame,
    { timeoutMs, clientMsgId = this.#options.host.nextMessageId() }: ChangeOptions,
    onRefused?: Draft['onRefused'],
  ): Promise<SentMessage> {
    const sent = new Promise<SentMessage>((resolve, reject) => {
      if (!MESSAGE_ID.test(clientMsgId) || this.#drafts.has(clientMsgId)) {
        throw new ChorusError('bad_request', `clientMsgId ${clientMsgId} is not valid, or taken`);
      }
      const content = frame.type === 'publish' ? frame.content : '';
      const draft: Draft = {
        ...{ frame, onRefused, resolve, reject, sent: undefined, timer: undefined },
        delivery: { clientMsgId, content, state: 'queued', position: undefined, error: undefined },
      };
      if (timeoutMs !== undefined) {
        draft.timer = setTimeout(
          () => this.#fail(draft, new ChorusError('timeout', 'not acknowledged', true)),
          timeoutMs,
        );
      }
      this.#drafts.set(clientMsgId, draft);
      this.#enqueue(draft);
    });
    // A caller that ignores the promise sees the failure in `deliveries`.
    sent.catch(() => {});
    return sent;
  }

  retry(clientMsgId: string): void {
    const draft = this.#drafts.get(clientMsgId);
    if (draft?.delivery.state === 'failed') this.#enqueue(draft);
  }

  discard(clientMsgId: string): void {
    if (this.#drafts.get(clientMsgId)?.delivery.state !== 'failed') return;
    this.#drafts.delete(clientMsgId);
    this.#deliveries = undefined;
  }

  /** Sends the next message, if there is one and sending is allowed. */
  send(): void {
    const maySend = (): boolean => !this.#paused && this.#options.isJoined();
    if (this.#scheduled || !maySend()) return;
    this.#scheduled = true;
    this.#options.host.send(() => {
      this.#scheduled = false;
      return maySend() ? this.#next() : undefined;
    });
  }

  /** The message was acknowledged, or seen in the room. Idempotent. */
  acked(clientMsgId: string, position: Position): void {
    const draft = this.#drafts.get(clientMsgId);
    if (draft === undefined || draft.delivery.state === 'sent') return;
    this.#take(draft);
    this.#become(draft, 'sent', position);
    this.#trim(draft);
    const { content } = draft.delivery;
    draft.resolve({ roomId: this.#options.roomId, clientMsgId, content, position });
    this.send();
  }

  /** The gateway refused the message. */
  refused(clientMsgId: string, error: ChorusError): void {
    const draft = this.#drafts.get(clientMsgId);
    if (draft?.delivery.state !== 'sending') return;
    if (draft.onRefused !== undefined && /^(message_not_recent|bad_frame)$/.test(error.code)) {
      // Stays in flight: later changes of the message must not overtake it.
      draft.onRefused(clientMsgId, error).then(
        () => this.acked(clientMsgId, NOWHERE),
        (cause: unknown) => this.refused(clientMsgId, asChorusError(cause)),
      );
    } else if (!error.retry) this.#fail(draft, error);
    else {
      this.#requeue();
      if (error.code === 'not_joined') this.#options.onNotJoined();
      else {
        this.#paused = true;
        this.#options.later(() => {
          this.#paused = false;
          this.send();
        });
      }
    }
  }

  /** The connection or the room has ended: the message in flight will not be answered. */
  interrupted(): void {
    this.#paused = this.#scheduled = false;
    this.#requeue();
  }

  /** Messages of the room were missed: for messages sent too long ago it is unknown whether they arrived. */
  messagesMissed(): void {
    for (const draft of [...this.#queue]) {
      if (draft.sent !== undefined && ageOf(draft.sent) > SAFE_TO_REPEAT_MS) {
        this.#fail(draft, new ChorusError('timeout', 'not known to have arrived', true));
      }
    }
  }

  /** All messages up to this position are in the database. */
  stored(upTo: Position): void {
    for (const draft of this.#drafts.values()) {
      const { state, position, clientMsgId } = draft.delivery;
      if (state !== 'sent' || position === undefined || isAfter(position, upTo)) continue;
      this.#drafts.delete(clientMsgId);
      this.#become(draft, 'stored', position);
    }
  }

  /** Ends sending for good. */
  fail(error: ChorusError): void {
    for (const draft of this.#drafts.values()) {
      if (/queued|sending/.test(draft.delivery.state)) this.#fail(draft, error);
    }
  }

  /** Undefined if a message is in flight, or none waits. A message that is too large for the gateway fails instead. */
  #next(): ClientFrame | undefined {
    const { roomId, host } = this.#options;
    const draft = this.#current === undefined ? this.#queue.shift() : undefined;
    if (draft === undefined) return undefined;
    this.#current = draft;
    draft.sent = moment();
    this.#become(draft, 'sending');
    const { clientMsgId } = draft.delivery;
    const frame = { ...draft.frame, roomId, clientMsgId } as ClientFrame;
    // A gateway closes the connection after a larger frame.
    if (new Blob([JSON.stringify(frame)]).size <= host.maxFrameBytes) return frame;
    this.#fail(draft, new ChorusError('too_big', 'the message is too long'));
    return undefined;
  }

  #enqueue(draft: Draft): void {
    this.#queue.push(draft);
    this.#become(draft, 'queued');
    this.send();
  }

  /** The message in flight waits to be sent again. */
  #requeue(): void {
    const draft = this.#current;
    if (draft === undefined) return;
    this.#current = undefined;
    this.#queue.unshift(draft);
    this.#become(draft, 'queued');
  }

  #fail(draft: Draft, error: ChorusError): void {
    this.#take(draft);
    this.#become(draft, 'failed', draft.delivery.position, error);
    this.#trim(draft);
    draft.reject(error);
    this.send();
  }

  /** Removes a draft from the queue and from the flight. */
  #take(draft: Draft): void {
    clearTimeout(draft.timer);
    if (this.#current === draft) this.#current = undefined;
    if (draft.delivery.state === 'queued') this.#queue.splice(this.#queue.indexOf(draft), 1);
  }

  #trim(settled: Draft): void {
    if (!isMessage(settled)) this.#drafts.delete(settled.delivery.clientMsgId);
    if (this.#drafts.size - this.#queue.length <= MOST_KEPT) return;
    for (const { delivery } of this.#drafts.values()) {
      if (!/sent|failed/.test(delivery.state)) continue;
      this.#drafts.delete(delivery.clientMsgId);
      return;
    }
  }

  #become(draft: Draft, state: DeliveryState, position?: Position, error?: ChorusError): void {
    draft.delivery = { ...draft.delivery, state, position, error };
    if (!isMessage(draft)) return;
    this.#deliveries = undefined;
    this.#options.onChange(draft.delivery);
  }
}
