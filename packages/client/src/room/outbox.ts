import { isAfter, type Position } from '@chorus/protocol/constants';
import type { ClientFrame } from '@chorus/protocol/types';
import { asChorusError, ChorusError } from '../chorus-error.js';
import { NOWHERE, placeOf } from '../places.js';
import type { Delivery, DeliveryState, SentMessage } from '../types.js';
import { type Draft, isMessage, type OutboxFrame } from './draft.js';
import { ageOf, moment } from './moment.js';
import type { ChangeOptions } from './room.js';
import type { RoomContext } from './room-context.js';

/** Largest number of sent or failed messages that are kept. */
const MOST_KEPT = 1_000;
/** Gateways recognise a repeated id for five minutes. */
const SAFE_TO_REPEAT_MS = 4 * 60_000;
/** Delay of the first check whether messages are stored, in milliseconds. The delay doubles with each check. */
const FIRST_CHECK_MS = 5_000;
/** Longest delay between two checks, in milliseconds. */
const RAREST_CHECK_MS = 60_000;
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
  readonly #room: RoomContext;
  readonly #drafts = new Map<string, Draft>();
  /** Those that wait to be sent. */
  readonly #queue: Draft[] = [];
  /** The message in flight. */
  #current: Draft | undefined;
  #deliveries: readonly Delivery[] | undefined;
  /** A message was refused, and it is too early for a retry. */
  #paused = false;
  /** Whether it is checked from time to time if messages are stored. */
  #checking = false;

  constructor(room: RoomContext) {
    this.#room = room;
  }

  get deliveries(): readonly Delivery[] {
    this.#deliveries ??= [...this.#drafts.values()].filter(isMessage).map(({ delivery }) => delivery);
    return this.#deliveries;
  }

  add(
    frame: OutboxFrame,
    { timeoutMs, clientMsgId = this.#room.host.nextMessageId() }: ChangeOptions,
    onRefused?: Draft['onRefused'],
  ): Promise<SentMessage> {
    const sent = new Promise<SentMessage>((resolve, reject) => {
      if (!MESSAGE_ID.test(clientMsgId) || this.#drafts.has(clientMsgId)) {
        throw new ChorusError('bad_request', `clientMsgId ${clientMsgId}: invalid or taken`);
      }
      const content = frame.type === 'publish' ? frame.content : '';
      const draft: Draft = {
        ...{ frame, onRefused, resolve, reject, sent: undefined, timer: undefined },
        delivery: { clientMsgId, content, state: 'queued' },
      };
      if (timeoutMs !== undefined) {
        const error = new ChorusError('timeout', 'no answer', true);
        draft.timer = setTimeout(() => this.#fail(draft, error), timeoutMs);
      }
      this.#enqueue(draft);
    });
    // A caller that ignores the promise sees the failure in `deliveries`.
    sent.catch(() => {});
    return sent;
  }

  retry(clientMsgId: string): void {
    const draft = this.#drafts.get(clientMsgId);
    if (draft?.delivery.state !== 'failed') return;
    // Behind the waiting ones.
    this.#drafts.delete(clientMsgId);
    this.#enqueue(draft);
  }

  discard(clientMsgId: string): void {
    if (this.#drafts.get(clientMsgId)?.delivery.state !== 'failed') return;
    this.#drafts.delete(clientMsgId);
    this.#deliveries = undefined;
  }

  /** The room has caught up. */
  start(): void {
    this.#send();
    if (!this.#checking) this.#checkStored(FIRST_CHECK_MS);
  }

  /** The message was acknowledged, or seen in the room. Idempotent. */
  acked(clientMsgId: string, entry: Position): void {
    const draft = this.#drafts.get(clientMsgId);
    if (!draft || draft.delivery.state === 'sent') return;
    const position = placeOf(entry);
    this.#settle(draft, 'sent', position);
    const { content } = draft.delivery;
    draft.resolve({ roomId: this.#room.id, clientMsgId, content, position });
    this.#send();
  }

  /** The gateway refused the message. */
  refused(clientMsgId: string, error: ChorusError): void {
    const draft = this.#drafts.get(clientMsgId);
    if (draft?.delivery.state !== 'sending') return;
    const room = this.#room;
    const { frame, onRefused } = draft;
    if (onRefused && frame.type !== 'publish' && /^(message_not_recent|bad_frame)$/.test(error.code)) {
      // Stays in flight: later changes of the message must not overtake it.
      onRefused(room.host.api, room.id, frame, clientMsgId, error).then(
        () => this.acked(clientMsgId, NOWHERE),
        (cause: unknown) => this.refused(clientMsgId, asChorusError(cause, 'exception')),
      );
    } else if (!error.retry) this.#fail(draft, error);
    else {
      this.#requeue();
      if (error.code === 'not_joined') {
        room.down();
        room.up();
      } else {
        this.#paused = true;
        room.pending.retry(() => {
          this.#paused = false;
          this.#send();
        });
      }
    }
  }

  /** The connection or the room has ended: the message in flight will not be answered. */
  interrupted(): void {
    this.#paused = this.#checking = false;
    this.#requeue();
  }

  /** Messages of the room were missed: for messages sent too long ago it is unknown whether they arrived. */
  messagesMissed(): void {
    this.fail(new ChorusError('timeout', 'no answer', true), SAFE_TO_REPEAT_MS);
  }

  /** All messages up to this position are in the database. */
  stored(upTo: Position): void {
    for (const draft of this.#drafts.values()) {
      const { state, position, clientMsgId } = draft.delivery;
      if (state !== 'sent' || !position || isAfter(position, upTo)) continue;
      this.#drafts.delete(clientMsgId);
      this.#become(draft, 'stored', position);
    }
  }

  /** Fails the messages that are not acknowledged. @param olderThanMs only those that were sent before, longer ago than this */
  fail(error: ChorusError, olderThanMs?: number): void {
    for (const draft of this.#drafts.values()) {
      const isOld = olderThanMs === undefined || (draft.sent && ageOf(draft.sent) > olderThanMs);
      if (isOld && /queued|sending/.test(draft.delivery.state)) this.#fail(draft, error);
    }
  }

  /** Sends the next message, if there is one and sending is allowed. */
  #send(): void {
    if (this.#maySend) this.#room.host.send(() => (this.#maySend ? this.#next() : undefined));
  }

  get #maySend(): boolean {
    return !this.#paused && !this.#current && this.#room.status === 'joined';
  }

  /** Undefined if none waits. A message that is too large for the gateway fails instead. */
  #next(): ClientFrame | undefined {
    const draft = this.#queue.shift();
    if (!draft) return undefined;
    this.#current = draft;
    draft.sent = moment();
    this.#become(draft, 'sending');
    const { clientMsgId } = draft.delivery;
    const frame = { ...draft.frame, roomId: this.#room.id, clientMsgId } as ClientFrame;
    // A gateway closes the connection after a larger frame.
    if (new Blob([JSON.stringify(frame)]).size <= this.#room.host.maxFrameBytes) return frame;
    this.#fail(draft, new ChorusError('too_big'));
    return undefined;
  }

  /**
   * Gateways report that a message is stored only to the connection that sent it. After that connection has ended, and while there are
   * acknowledged messages that may not be stored, the room is joined again from time to time: the answer has the stored position.
   */
  #checkStored(afterMs: number): void {
    const room = this.#room;
    this.#checking = !!this.#find(/sent/);
    if (!this.#checking) return;
    room.pending.after(afterMs, () => {
      if (room.status === 'joined' && this.#find(/sent/)) room.up();
      this.#checkStored(Math.min(afterMs * 2, RAREST_CHECK_MS));
    });
  }

  #enqueue(draft: Draft): void {
    this.#drafts.set(draft.delivery.clientMsgId, draft);
    this.#queue.push(draft);
    this.#become(draft, 'queued');
    this.#send();
  }

  /** The message in flight waits to be sent again, before all others. */
  #requeue(): void {
    const draft = this.#current;
    if (!draft) return;
    this.#current = undefined;
    this.#queue.unshift(draft);
    this.#become(draft, 'queued');
  }

  /** Returns the oldest message in one of these states. */
  #find(states: RegExp): Draft | undefined {
    for (const draft of this.#drafts.values()) if (states.test(draft.delivery.state)) return draft;
    return undefined;
  }

  #fail(draft: Draft, error: ChorusError): void {
    this.#settle(draft, 'failed', draft.delivery.position, error);
    draft.reject(error);
    this.#send();
  }

  #settle(draft: Draft, state: DeliveryState, position?: Position, error?: ChorusError): void {
    clearTimeout(draft.timer);
    if (this.#current === draft) this.#current = undefined;
    if (draft.delivery.state === 'queued') this.#queue.splice(this.#queue.indexOf(draft), 1);
    this.#become(draft, state, position, error);
    if (!isMessage(draft)) this.#drafts.delete(draft.delivery.clientMsgId);
    const oldest = this.#drafts.size - this.#queue.length > MOST_KEPT ? this.#find(/sent|failed/) : undefined;
    if (oldest) this.#drafts.delete(oldest.delivery.clientMsgId);
  }

  #become(draft: Draft, state: DeliveryState, position?: Position, error?: ChorusError): void {
    draft.delivery = { ...draft.delivery, state, position, error };
    if (!isMessage(draft)) return;
    this.#deliveries = undefined;
    this.#room.emit('delivery', draft.delivery);
  }
}
